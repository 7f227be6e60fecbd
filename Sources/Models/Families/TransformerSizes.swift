import Configuration
import Networks

/// The sizes that all transformers of a run file have.
///
/// The MLP is four times as wide unless said otherwise, and the context is the examples' length.
public struct TransformerSizes: Sendable, Equatable {
  /// Blocks.
  public var layers: Int
  /// Attention heads.
  public var heads: Int
  /// Width of a position.
  public var width: Int
  /// Width of the MLP's middle.
  public var mlpWidth: Int

  /// Sizes; the MLP's middle is four times the width when nil.
  public init(layers: Int, heads: Int, width: Int, mlpWidth: Int? = nil) {
    (self.layers, self.heads, self.width) = (layers, heads, width)
    self.mlpWidth = mlpWidth ?? 4 * width
  }

  /// Reads the sizes of a family with these further keys.
  ///
  /// - Parameter needsEvenHeads: whether a head's width is to be even.
  init(
    from map: ConfigurationMap, beside keys: [String], needsEvenHeads: Bool = false
  ) throws(ConfigurationError) {
    try map.checkKeys(known: ["kind", "layers", "heads", "width", "mlpWidth"] + keys)
    layers = try map.int("layers", in: 1...10_000)
    heads = try map.int("heads", in: 1...10_000)
    width = try map.int("width", in: 1...1_000_000)
    mlpWidth = try map.int("mlpWidth", in: 1...10_000_000, default: 4 * width)
    guard width.isMultiple(of: heads), !needsEvenHeads || (width / heads).isMultiple(of: 2) else {
      throw .outOfRange(
        map.place("width"), value: "\(width)",
        allowed: "\(needsEvenHeads ? "an even" : "a") multiple of \(heads) heads")
    }
  }

  var settings: [String: ConfigurationValue] {
    [
      "layers": .int(layers), "heads": .int(heads), "width": .int(width),
      "mlpWidth": .int(mlpWidth),
    ]
  }
}

/// The dropout rates of a transformer.
public struct TransformerDropout: Sendable, Equatable {
  /// Of activations, in training.
  public var rate: Double
  /// Of attention weights.
  public var attention: Double

  static let keys = ["dropout", "attentionDropout"]

  /// Rates, each in [0, 1).
  public init(rate: Double = 0, attention: Double = 0) {
    (self.rate, self.attention) = (rate, attention)
  }

  init(from map: ConfigurationMap) throws(ConfigurationError) {
    rate = try map.dropoutRate("dropout")
    attention = try map.dropoutRate("attentionDropout")
  }

  var settings: [String: ConfigurationValue] {
    var values: [String: ConfigurationValue] = ["dropout": .double(rate)]
    // Runs made before there was one have none.
    if attention != 0 { values["attentionDropout"] = .double(attention) }
    return values
  }
}

/// A family of transformers that are one architecture for examples of a shape.
public protocol TransformerModel: ModelFamily {}

extension TransformerModel {
  /// Why the architecture does not suit.
  public func problem(inputShape: [Int], outputs: Int) -> ModelProblem? {
    architecture(inputShape: inputShape, outputs: outputs)?
      .problem(inputShape: inputShape, outputs: outputs).map { .shape($0) }
  }

  /// The architecture's network.
  public func network(inputShape: [Int], outputs: Int) -> Network? {
    architecture(inputShape: inputShape, outputs: outputs)?.network(inputShape: inputShape)
  }
}
