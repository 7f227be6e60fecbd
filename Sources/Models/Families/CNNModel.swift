import Configuration
import Networks

/// Convolutions with pooling between them, then linear layers; for classes or numbers of images.
///
/// ```yaml
/// model: {kind: cnn, channels: [16, 32], hidden: [64], normalisation: batch}
/// ```
public struct CNNModel: ImageModel {
  /// Channels × height × width of an example; nil: the data's own shape.
  public var image: ImageShape?
  /// Channels of the convolutions.
  public var channels: [Int]
  /// What follows each convolution.
  public var normalisation: ImageNormalisation
  /// Widths of the hidden linear layers.
  public var hidden: [Int]
  /// The non-linearity.
  public var activation: Activation.Kind
  /// Dropout rate after each hidden activation, in [0, 1).
  public var dropout: Double

  /// A model by its parts.
  public init(
    channels: [Int], hidden: [Int] = [], normalisation: ImageNormalisation = .none,
    activation: Activation.Kind = .relu, dropout: Double = 0, image: ImageShape? = nil
  ) {
    (self.image, self.channels, self.normalisation) = (image, channels, normalisation)
    (self.hidden, self.activation, self.dropout) = (hidden, activation, dropout)
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    image = try ImageShape(ifPresentIn: map)
    channels = try map.ints("channels", in: 1...65_536)
    normalisation = try map.choice("normalisation", default: .none)
    try map.checkKeys(
      known: [
        "kind", "channels", "normalisation", "image", "hidden", "activation", "dropout",
      ])
    hidden = try map.ints(ifPresent: "hidden", in: 1...1_000_000) ?? []
    activation = try map.choice("activation", default: .relu)
    dropout = try map.dropoutRate("dropout")
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    imageSettings.merging([
      "channels": .list(channels.map { .int($0) }),
      "normalisation": .string(normalisation.rawValue),
      "hidden": .list(hidden.map { .int($0) }), "activation": .string(activation.rawValue),
      "dropout": .double(dropout),
    ]) { $1 }
  }

  /// Other widths of the convolutions, then of the hidden layers.
  public func narrowed(to widths: [Int]) -> CNNModel? {
    guard widths.count == channels.count + hidden.count else { return nil }
    var copy = self
    copy.channels = Array(widths.prefix(channels.count))
    copy.hidden = Array(widths.dropFirst(channels.count))
    return copy
  }

  /// Classes or numbers.
  public func predicts(_ loss: Loss) -> Bool { loss != .nextToken }

  /// The least number of pixels of a side.
  public var leastSide: Int { 1 << min(20, channels.count) }

  /// The network; nil for images that are too small.
  public func network(image: ImageShape, inputShape: [Int], outputs: Int) -> Network? {
    .convolutional(
      image: image, inputShape: inputShape, channels: channels, hidden: hidden, outputs: outputs,
      activation: activation, normalisation: normalisation, dropout: Float(dropout))
  }
}
