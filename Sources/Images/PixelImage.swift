/// An image of 8-bit sRGB values in memory, gray or RGB.
public struct PixelImage: Sendable, Equatable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 for gray, 3 for red, green, blue.
  public let channels: Int
  /// height × width × channels values, row by row from the top.
  public let pixels: [UInt8]

  /// An image of height × width × channels values.
  ///
  /// - Throws: `ImageError.emptyImage` for no pixels, `.wrongPixelCount` for others than that.
  public init(pixels: [UInt8], width: Int, height: Int, channels: Int) throws(ImageError) {
    precondition(channels == 1 || channels == 3, "\(channels) channels")
    guard width > 0 && height > 0 else { throw .emptyImage(width: width, height: height) }
    let (area, areaOverflows) = width.multipliedReportingOverflow(by: height)
    let (count, countOverflows) = area.multipliedReportingOverflow(by: channels)
    guard !areaOverflows && !countOverflows && count == pixels.count else {
      throw .wrongPixelCount(
        width: width, height: height, channels: channels, found: pixels.count)
    }
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }
}
