import CPNG

/// PNG files in memory, by libpng's simplified interface: 8 bits a channel, sRGB.
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

  /// Reads a PNG file of any depth as 8-bit sRGB: gray if it is gray, RGB if it has colour.
  ///
  /// Transparency is laid over black.
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
    let outcome = bytes.withUnsafeBytes { file in
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
    image.format = channels == 1 ? ascribe_png_gray() : ascribe_png_rgb()
    var pixels = [UInt8](repeating: 0, count: width * height * channels)
    var black = png_color()
    guard png_image_finish_read(&image, &black, &pixels, 0, nil) != 0 else {
      throw .malformedPNG(name: name, reason: String(cString: ascribe_png_message(&image)))
    }
    // The simplified interface stops behind the last row.
    guard hasEnd(file) else { throw .malformedPNG(name: name, reason: "it ends early") }
    return try PixelImage(pixels: pixels, width: width, height: height, channels: channels)
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
