import Configuration
import Networks

/// The nine-layer residual network of CIFAR-10; for classes or numbers of images.
///
/// ```yaml
/// model: {kind: resnet9, width: 64}
/// ```
public struct ResNet9Model: ImageModel {
  /// Channels × height × width of an example; nil: the data's own shape.
  public var image: ImageShape?
  /// Channels of the first layer; the others are multiples.
  public var width: Int

  /// A model by its parts.
  public init(width: Int = 64, image: ImageShape? = nil) {
    (self.width, self.image) = (width, image)
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    image = try ImageShape(ifPresentIn: map)
    width = try map.int("width", in: 1...16_384, default: 64)
    try map.checkKeys(known: ["kind", "width", "image"])
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    imageSettings.merging(["width": .int(width)]) { $1 }
  }

  /// Classes or numbers.
  public func predicts(_ loss: Loss) -> Bool { loss != .nextToken }

  /// The least number of pixels of a side.
  public var leastSide: Int { 11 }

  /// The network; nil for images that are too small.
  public func network(image: ImageShape, inputShape: [Int], outputs: Int) -> Network? {
    .resnet9(image: image, inputShape: inputShape, width: width, outputs: outputs)
  }
}
