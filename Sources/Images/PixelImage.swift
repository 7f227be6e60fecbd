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
  /// The values of a file of 16 bits a channel, 0 to 65,535; nil of 8 bits.
  public private(set) var fine: [UInt16]?
  /// What was changed when the file was read.
  public internal(set) var traits: Traits = []

  /// What was changed, or left as it was, when a file was read.
  public struct Traits: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: Int
    /// Some traits.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Transparency was dropped: what is hidden has the colour that the file gives it.
    public static let transparency = Traits(rawValue: 1)
    /// Inks became red, green and blue.
    public static let inks = Traits(rawValue: 2)
    /// The camera noted that it was turned, and the pixels are as they are stored.
    public static let turned = Traits(rawValue: 4)
  }

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

  /// An image of 16-bit values.
  ///
  /// - Throws: as of 8 bits.
  init(fine: [UInt16], width: Int, height: Int, channels: Int) throws(ImageError) {
    // 65,535/255 = 257.
    try self.init(
      pixels: fine.map { UInt8((Int($0) + 128) / 257) }, width: width, height: height,
      channels: channels)
    self.fine = fine
  }
}
