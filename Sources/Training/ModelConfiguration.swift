import Configuration
import Networks

/// The `model` of a run file.
///
/// ```yaml
/// model: {kind: mlp, hidden: [128, 64], activation: relu, dropout: 0.1}
/// ```
public struct ModelConfiguration: Sendable, Equatable {
  /// Which family of networks.
  public enum Kind: String, CaseIterable, Sendable {
    /// Linear layers with an activation between them; for classes or numbers.
    case mlp
    /// One linear layer for classes.
    case logistic
    /// One linear layer for numbers.
    case linear
    /// A causal language model as GPT-2; for sequences of tokens.
    case gpt2
    /// A causal language model as Llama; for sequences of tokens.
    case llama

    /// Whether `TransformerSettings` has the sizes.
    var isTransformer: Bool { self == .gpt2 || self == .llama }
  }

  /// The family.
  public var kind: Kind
  /// Widths of the hidden layers; empty unless `mlp`.
  public var hidden: [Int]
  /// The non-linearity after each hidden layer.
  public var activation: Activation.Kind
  /// Dropout rate after each hidden activation, in [0, 1).
  public var dropout: Double
  /// The sizes of a transformer; nil for the other families.
  public var transformer: TransformerSettings?

  /// A model by its parts.
  public init(
    kind: Kind = .mlp, hidden: [Int] = [], activation: Activation.Kind = .relu, dropout: Double = 0
  ) {
    (self.kind, self.hidden, self.activation, self.dropout) = (kind, hidden, activation, dropout)
  }

  /// Reads the `model` mapping of a run file.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    kind = try map.choice("kind", default: .mlp)
    if kind.isTransformer {
      (hidden, activation, dropout) = ([], .relu, 0)
      transformer = try TransformerSettings(kind, from: map)
      return
    }
    guard kind == .mlp else {
      (hidden, activation, dropout) = ([], .relu, 0)
      try map.checkKeys(known: ["kind"])
      return
    }
    try map.checkKeys(known: ["kind", "hidden", "activation", "dropout"])
    hidden = try map.ints("hidden", in: 1...1_000_000)
    activation = try map.choice("activation", default: .relu)
    let rate = try map.double("dropout", in: .from(0, below: 1), default: 0)
    // In fp32, 0.99999999 is 1: nothing would be kept.
    guard Float(rate) < 1 else {
      throw .outOfRange(
        map.place("dropout"), value: "\(rate)", allowed: "at least 0 and at most 0.999999")
    }
    dropout = rate
  }

  /// The network for examples of a shape.
  public func network(inputShape: [Int], outputs: Int) -> Network {
    if let transformer {
      return transformer.network(kind, inputShape: inputShape, outputs: outputs)
    }
    return Network.multilayerPerceptron(
      inputShape: inputShape, hidden: hidden, outputs: outputs, activation: activation,
      dropout: Float(dropout))
  }

  /// The configuration written out, defaults included.
  public var value: ConfigurationValue {
    if let transformer {
      return .map(transformer.values(kind).merging(["kind": .string(kind.rawValue)]) { $1 })
    }
    guard kind == .mlp else { return .map(["kind": .string(kind.rawValue)]) }
    return .map([
      "kind": .string(kind.rawValue), "hidden": .list(hidden.map { .int($0) }),
      "activation": .string(activation.rawValue), "dropout": .double(dropout),
    ])
  }
}
