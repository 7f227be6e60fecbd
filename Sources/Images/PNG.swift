import CPNG

/// PNG files in memory, by libpng's simplified interface: written with 8 bits a channel, sRGB.
///
/// Lossless: `decode(encode(x)) == x` bit for bit. The encoded bytes depend on the versions of
/// libpng and zlib; the pixels do not.
public enum PNG {
  /// The pixels that `decode` accepts at most: 2²⁶, 192 MiB in RGB.
  public static let pixelLimit = 1 << 26

  /// A gray image as the bytes of a PNG file.
  ///
  /// - Parameter gray: height × width values, row by row from the top; 0 is black.
  /// - Throws: `ImageError.emptyImage`, `.wrongPixelCount`, `.cannotEncode`.
  public static func encode(
    gray: [UInt8], width: Int, height: Int
  ) throws(ImageError) -> [UInt8] {
    try encode(PixelImage(pixels: gray, width: width, height: height, channels: 1))
  }

  /// An RGB image as the bytes of a PNG file.
  ///
  /// - Parameter rgb: height × width × 3 values, row by row from the top.
  /// - Throws: `ImageError.emptyImage`, `.wrongPixelCount`, `.cannotEncode`.
  public static func encode(
    rgb: [UInt8], width: Int, height: Int
  ) throws(ImageError) -> [UInt8] {
    try encode(PixelImage(pixels: rgb, width: width, height: height, channels: 3))
  }

  /// An image as the bytes of a PNG file.
  ///
  /// - Throws: `ImageError.cannotEncode` for more than 1,000,000 pixels in a row or a column.
  public static func encode(_ source: PixelImage) throws(ImageError) -> [UInt8] {
    func failure(_ reason: String) -> ImageError {
      .cannotEncode(width: source.width, height: source.height, reason: reason)
    }
    guard max(source.width, source.height) <= 1_000_000 else { throw failure("it is too large") }
    var image = ascribe_png_image()
    defer { png_image_free(&image) }
    image.width = png_uint_32(source.width)
    image.height = png_uint_32(source.height)
    image.format = source.channels == 1 ? ascribe_png_gray() : ascribe_png_rgb()
    var size = ascribe_png_size_bound(&image)
    var bytes = [UInt8](repeating: 0, count: size)
    guard png_image_write_to_memory(&image, &bytes, &size, 0, source.pixels, 0, nil) != 0 else {
      throw failure(String(cString: ascribe_png_message(&image)))
    }
    bytes.removeLast(bytes.count - size)
    return bytes
  }

  /// Reads a PNG file of any depth: gray if it is gray, RGB if it has colour.
  ///
  /// The values are those of the file, as Pillow's `convert("RGB")` gives them: whatever it says of
  /// gamma and colour profiles, with palettes looked up and transparency dropped. Of 16 bits a channel
  /// they are kept whole, unless there is transparency.
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: What errors call it.
  /// - Throws: `ImageError.notPNG`, `.malformedPNG`, `.tooManyPixels`.
  public static func decode(
    _ bytes: [UInt8], name: String = "image in memory"
  ) throws(ImageError) -> PixelImage {
    guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
      throw .notPNG(name: name)
    }
    let outcome = withoutColourSpace(bytes).withUnsafeBytes { file in
      Result { () throws(ImageError) in try read(file, name: name) }
    }
    return try outcome.get()
  }

  private static func read(
    _ file: UnsafeRawBufferPointer, name: String
  ) throws(ImageError) -> PixelImage {
    var image = ascribe_png_image()
    defer { png_image_free(&image) }
    guard png_image_begin_read_from_memory(&image, file.baseAddress, file.count) != 0 else {
      throw .malformedPNG(name: name, reason: String(cString: ascribe_png_message(&image)))
    }
    let (width, height) = (Int(image.width), Int(image.height))
    guard width * height <= pixelLimit else {
      throw .tooManyPixels(name: name, width: width, height: height, limit: pixelLimit)
    }
    let channels = image.format & ascribe_png_color_flag() == 0 ? 1 : 3
    let hasAlpha = image.format & ascribe_png_alpha_flag() != 0
    let isFine = image.format & ascribe_png_linear_flag() != 0 && !hasAlpha
    func finish(_ pixels: UnsafeMutableRawPointer) throws(ImageError) {
      guard png_image_finish_read(&image, nil, pixels, 0, nil) != 0 else {
        throw .malformedPNG(name: name, reason: String(cString: ascribe_png_message(&image)))
      }
      // The simplified interface stops behind the last row.
      guard hasEnd(file) else { throw .malformedPNG(name: name, reason: "it ends early") }
    }
    if isFine {
      // Without a gamma the library takes 16 bits for linear light and leaves them as they are.
      image.format =
        ascribe_png_linear_flag() | (channels == 1 ? ascribe_png_gray() : ascribe_png_rgb())
      var values = [UInt16](repeating: 0, count: width * height * channels)
      try finish(&values)
      return try PixelImage(fine: values, width: width, height: height, channels: channels)
    }
    if hasAlpha { image.flags |= ascribe_png_16bit_srgb_flag() }
    image.format =
      (channels == 1 ? ascribe_png_gray() : ascribe_png_rgb())
      | (hasAlpha ? ascribe_png_alpha_flag() : 0)
    let stored = channels + (hasAlpha ? 1 : 0)
    var pixels = [UInt8](repeating: 0, count: width * height * stored)
    try finish(&pixels)
    if hasAlpha {
      pixels = pixels.indices.filter { $0 % stored < channels }.map { pixels[$0] }
    }
    var result = try PixelImage(pixels: pixels, width: width, height: height, channels: channels)
    if hasAlpha { result.traits.insert(.transparency) }
    return result
  }

  /// The file without the chunks by which the library would change its values.
  private static func withoutColourSpace(_ bytes: [UInt8]) -> [UInt8] {
    let names = ["gAMA", "cHRM", "sRGB", "iCCP"].map { Array($0.utf8) }
    var result = Array(bytes[..<8])
    var offset = 8
    while offset + 12 <= bytes.count {
      let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = offset + 12 + length
      guard end <= bytes.count else { break }
      if !names.contains(Array(bytes[offset + 4..<offset + 8])) { result += bytes[offset..<end] }
      offset = end
    }
    return result + bytes[offset...]
  }

  /// Whether the chunks lead to a whole IEND.
  private static func hasEnd(_ file: UnsafeRawBufferPointer) -> Bool {
    func word(_ offset: Int) -> UInt32 {
      UInt32(bigEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    var offset = 8
    while offset + 12 <= file.count {
      // "IEND"
      if word(offset + 4) == 0x4945_4E44 { return true }
      offset += 12 + Int(word(offset))
    }
    return false
  }
}
