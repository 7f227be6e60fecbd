import CJPEG

/// JPEG files in memory, by libjpeg-turbo: baseline and progressive, gray or colour, 8 bits.
///
/// Decoded with the accurate integer transform: the same pixels on every processor. The orientation
/// that cameras note beside the pixels is not applied.
public enum JPEG {
  /// Reads a JPEG file: gray if it is gray, RGB if it has colour.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: What errors call it.
  /// - Throws: `ImageError.notJPEG`, `.malformedJPEG` also for files that end early,
  ///   `.unsupportedJPEG` for CMYK, `.tooManyPixels`.
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
    guard space != TJCS_CMYK.rawValue, space != TJCS_YCCK.rawValue else {
      throw .unsupportedJPEG(name: name, feature: "CMYK colours")
    }
    let channels = space == TJCS_GRAY.rawValue ? 1 : 3
    let format = (channels == 1 ? TJPF_GRAY : TJPF_RGB).rawValue
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * channels)
    // Stopping at the first warning: a file that ends early would be filled up with gray. Scans
    // are limited, because a small file may ask for thousands of them.
    let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    guard
      tjDecompress2(
        decoder, bytes, UInt(bytes.count), &pixels, width, 0, height, format, flags) == 0
    else { throw malformed() }
    return try PixelImage(
      pixels: pixels, width: Int(width), height: Int(height), channels: channels)
  }
}
