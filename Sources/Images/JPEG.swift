import CJPEG

/// JPEG files in memory, by libjpeg-turbo: baseline and progressive, gray or colour, 8 bits.
///
/// Decoded with the accurate integer transform: the same pixels on every processor. The orientation
/// that cameras note beside the pixels is not applied, and noted.
public enum JPEG {
  /// Reads a JPEG file: gray if it is gray, RGB if it has colour.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: What errors call it.
  /// - Throws: `ImageError.notJPEG`, `.malformedJPEG` also for files that end early, `.tooManyPixels`.
  public static func decode(
    _ bytes: [UInt8], name: String = "image in memory"
  ) throws(ImageError) -> PixelImage {
    guard bytes.starts(with: [0xFF, 0xD8, 0xFF]) else { throw .notJPEG(name: name) }
    guard let decoder = tjInitDecompress() else {
      throw .malformedJPEG(name: name, reason: "no memory for the decoder")
    }
    defer { tjDestroy(decoder) }
    func malformed() -> ImageError {
      .malformedJPEG(name: name, reason: String(cString: tjGetErrorStr2(decoder)))
    }
    var (width, height, sampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard
      tjDecompressHeader3(
        decoder, bytes, UInt(bytes.count), &width, &height, &sampling, &colours) == 0
    else { throw malformed() }
    guard width > 0, height > 0 else {
      throw .malformedJPEG(name: name, reason: "it has no pixels")
    }
    guard Int(width) * Int(height) <= PNG.pixelLimit else {
      throw .tooManyPixels(
        name: name, width: Int(width), height: Int(height), limit: PNG.pixelLimit)
    }
    let space = UInt32(bitPattern: colours)
    let hasInks = space == TJCS_CMYK.rawValue || space == TJCS_YCCK.rawValue
    let channels = space == TJCS_GRAY.rawValue ? 1 : 3
    let format = (hasInks ? TJPF_CMYK : channels == 1 ? TJPF_GRAY : TJPF_RGB).rawValue
    let stored = hasInks ? 4 : channels
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * stored)
    // Stopping at the first warning: a file that ends early would be filled up with gray. Scans
    // are limited, because a small file may ask for thousands of them.
    let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    guard
      tjDecompress2(
        decoder, bytes, UInt(bytes.count), &pixels, width, 0, height, format, flags) == 0
    else { throw malformed() }
    var image = try PixelImage(
      pixels: hasInks ? JPEG.rgb(ofInks: pixels) : pixels, width: Int(width), height: Int(height),
      channels: channels)
    if hasInks { image.traits.insert(.inks) }
    if isTurned(bytes) { image.traits.insert(.turned) }
    return image
  }

  /// Red, green and blue of inks, which JPEG files have inverted: R = C K / 255, rounded as Pillow
  /// rounds.
  private static func rgb(ofInks pixels: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count / 4 * 3)
    for pixel in stride(from: 0, to: pixels.count, by: 4) {
      let black = Int(pixels[pixel + 3])
      for ink in 0..<3 {
        let product = (255 - Int(pixels[pixel + ink])) * black + 128
        result.append(UInt8(black - ((product >> 8) + product) >> 8))
      }
    }
    return result
  }

  /// Whether the camera noted another orientation than upright: tag 0x112 of the first directory of
  /// the Exif segment.
  private static func isTurned(_ bytes: [UInt8]) -> Bool {
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF, bytes[offset + 1] != 0xDA {
      let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
      let segment = bytes[(offset + 4)..<max(offset + 4, min(bytes.count, offset + 2 + length))]
      if bytes[offset + 1] == 0xE1, segment.starts(with: Array("Exif\0\0".utf8)) {
        return orientation(Array(segment.dropFirst(6))).map { $0 > 1 } ?? false
      }
      guard length >= 2 else { return false }
      offset += 2 + length
    }
    return false
  }

  /// The orientation of a TIFF structure, 1 to 8; nil where it has none.
  private static func orientation(_ tiff: [UInt8]) -> Int? {
    guard tiff.count >= 8 else { return nil }
    let isBigEndian = tiff[0] == UInt8(ascii: "M")
    func number(_ place: Int, _ size: Int) -> Int? {
      guard place >= 0, place + size <= tiff.count else { return nil }
      let part = tiff[place..<place + size]
      return (isBigEndian ? Array(part) : part.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }
    guard let directory = number(4, 4), let entries = number(directory, 2) else { return nil }
    for entry in 0..<entries {
      let place = directory + 2 + 12 * entry
      guard let tag = number(place, 2) else { return nil }
      if tag == 0x112 { return number(place + 8, 2).flatMap { 1...8 ~= $0 ? $0 : nil } }
    }
    return nil
  }
}
