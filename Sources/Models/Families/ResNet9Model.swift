import Configuration
import Networks

/// The nine-layer residual network of CIFAR-10; for classes or numbers of images.
///
/// ```yaml
/// model: {kind: resnet9, width: 64}
/// model: {kind: resnet9, channels: [60, 120, 97, 250, 180, 110]}       # one that was cut
/// ```
public struct ResNet9Model: ImageModel {
  /// Channels × height × width of an example; nil: the data's own shape.
  public var image: ImageShape?
  /// Channels of the first layer; the others are multiples.
  public var width: Int
  /// Channels of the first two convolutions, inside the first residual pair, of the fourth convolution,
  /// inside the second pair, of the last; nil: width × 1, 2, 2, 4, 4, 2.
  public var channels: [Int]?

  /// A model by its parts.
  public init(width: Int = 64, image: ImageShape? = nil, channels: [Int]? = nil) {
    (self.width, self.image, self.channels) = (width, image, channels)
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    image = try ImageShape(ifPresentIn: map)
    width = try map.int("width", in: 1...16_384, default: 64)
    channels = try map.ints(ifPresent: "channels", in: 1...65_536, count: 6)
    try map.checkKeys(known: ["kind", "width", "channels", "image"])
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    var values = imageSettings
    values["width"] = .int(width)
    values["channels"] = channels.map { .list($0.map { .int($0) }) }
    return values
  }

  /// Other widths: of the eight convolutions in order.
  public func narrowed(to widths: [Int]) -> ResNet9Model? {
    // A residual pair gives as many channels as it takes.
    guard widths.count == 8, widths[1] == widths[3], widths[4] == widths[6] else { return nil }
    var copy = self
    copy.channels = [0, 1, 2, 4, 5, 7].map { widths[$0] }
    return copy
  }

  /// Classes or numbers.
  public func predicts(_ loss: Loss) -> Bool { loss != .nextToken }

  /// The least number of pixels of a side.
  public var leastSide: Int { 11 }

  /// The network; nil for images that are too small.
  public func network(image: ImageShape, inputShape: [Int], outputs: Int) -> Network? {
    .resnet9(
      image: image, inputShape: inputShape, width: width, channels: channels, outputs: outputs)
  }
}
