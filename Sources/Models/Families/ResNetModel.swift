import Configuration
import Networks

/// The residual networks of the CIFAR experiments; for classes or numbers of images.
///
/// ```yaml
/// model: {kind: resnet, blocks: 3, width: 16}
/// ```
public struct ResNetModel: ImageModel {
  /// Channels × height × width of an example; nil: the data's own shape.
  public var image: ImageShape?
  /// Pairs of convolutions in each stage.
  public var blocks: Int
  /// Channels of the first layer; the others are multiples.
  public var width: Int

  /// A model by its parts.
  public init(blocks: Int = 3, width: Int = 16, image: ImageShape? = nil) {
    (self.blocks, self.width, self.image) = (blocks, width, image)
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    image = try ImageShape(ifPresentIn: map)
    blocks = try map.int("blocks", in: 1...1_000, default: 3)
    width = try map.int("width", in: 1...16_384, default: 16)
    try map.checkKeys(known: ["kind", "blocks", "width", "image"])
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    imageSettings.merging(["blocks": .int(blocks), "width": .int(width)]) { $1 }
  }

  /// Classes or numbers.
  public func predicts(_ loss: Loss) -> Bool { loss != .nextToken }

  /// The least number of pixels of a side.
  public var leastSide: Int { 1 }

  /// The network; nil for images that are too small.
  public func network(image: ImageShape, inputShape: [Int], outputs: Int) -> Network? {
    .resnet(image: image, inputShape: inputShape, blocks: blocks, width: width, outputs: outputs)
  }
}
