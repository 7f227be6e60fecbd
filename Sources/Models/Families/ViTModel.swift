import Configuration
import Networks

/// A vision transformer; for classes of images.
///
/// ```yaml
/// model: {kind: vit, layers: 4, heads: 4, width: 128, patch: 4}
/// ```
public struct ViTModel: ImageModel {
  /// Channels × height × width of an example; nil: the data's own shape.
  public var image: ImageShape?
  /// Layers, heads and widths.
  public var sizes: TransformerSizes
  /// Pixels of a patch's side.
  public var patch: Int
  /// Dropout rates.
  public var dropout: TransformerDropout

  /// A model by its parts.
  public init(
    _ sizes: TransformerSizes, patch: Int, dropout: TransformerDropout = TransformerDropout(),
    image: ImageShape? = nil
  ) {
    (self.sizes, self.patch, self.dropout, self.image) = (sizes, patch, dropout, image)
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    sizes = try TransformerSizes(
      from: map, beside: ["patch"] + TransformerDropout.keys + ["image"])
    dropout = try TransformerDropout(from: map)
    patch = try map.int("patch", in: 1...65_536)
    image = try ImageShape(ifPresentIn: map)
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    var values = sizes.settings.merging(dropout.settings) { $1 }.merging(imageSettings) { $1 }
    values["patch"] = .int(patch)
    return values
  }

  /// Classes.
  public func predicts(_ loss: Loss) -> Bool { loss == .crossEntropy }

  /// The least number of pixels of a side.
  public var leastSide: Int { patch }

  /// The network; nil for images that are too small.
  public func network(image: ImageShape, inputShape: [Int], outputs: Int) -> Network? {
    architecture(image: image, outputs: outputs).network(inputShape: inputShape)
  }

  /// The transformer for images of a shape.
  public func architecture(inputShape: [Int], outputs: Int) -> TransformerArchitecture? {
    (image ?? ImageShape(inputShape: inputShape)).map { architecture(image: $0, outputs: outputs) }
  }

  private func architecture(image: ImageShape, outputs: Int) -> TransformerArchitecture {
    .vit(
      ViTConfiguration(
        image: image, patch: patch, layers: sizes.layers, heads: sizes.heads, width: sizes.width,
        mlpWidth: sizes.mlpWidth, classes: outputs, dropout: Float(dropout.rate),
        attentionDropout: Float(dropout.attention)))
  }
}
