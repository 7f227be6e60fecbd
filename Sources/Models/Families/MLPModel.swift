import Configuration
import Networks

/// Linear layers with an activation between them; for classes or numbers.
///
/// ```yaml
/// model: {kind: mlp, hidden: [128, 64], activation: relu, dropout: 0.1}
/// ```
public struct MLPModel: ModelFamily {
  /// Widths of the hidden layers.
  public var hidden: [Int]
  /// The non-linearity after each hidden layer.
  public var activation: Activation.Kind
  /// Dropout rate after each hidden activation, in [0, 1).
  public var dropout: Double

  /// A model by its parts.
  public init(hidden: [Int], activation: Activation.Kind = .relu, dropout: Double = 0) {
    (self.hidden, self.activation, self.dropout) = (hidden, activation, dropout)
  }

  /// Reads the mapping `model`.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    try map.checkKeys(known: ["kind", "hidden", "activation", "dropout"])
    hidden = try map.ints("hidden", in: 1...1_000_000)
    activation = try map.choice("activation", default: .relu)
    dropout = try map.dropoutRate("dropout")
  }

  /// The settings written out, defaults included.
  public var settings: [String: ConfigurationValue] {
    [
      "hidden": .list(hidden.map { .int($0) }), "activation": .string(activation.rawValue),
      "dropout": .double(dropout),
    ]
  }

  /// Classes or numbers.
  public func predicts(_ loss: Loss) -> Bool { loss != .nextToken }

  /// The network for examples of any shape.
  public func network(inputShape: [Int], outputs: Int) -> Network? {
    .multilayerPerceptron(
      inputShape: inputShape, hidden: hidden, outputs: outputs, activation: activation,
      dropout: Float(dropout))
  }

  /// Other widths of the hidden layers.
  public func narrowed(to widths: [Int]) -> MLPModel? {
    guard widths.count == hidden.count else { return nil }
    return MLPModel(hidden: widths, activation: activation, dropout: dropout)
  }

  /// Hidden layers.
  public var smaller: String { "choose fewer or narrower hidden layers (model.hidden)." }
}
