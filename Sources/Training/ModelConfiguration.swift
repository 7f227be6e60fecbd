import Configuration
import Networks

/// The `model` of a run file.
///
/// ```yaml
/// model: {kind: mlp, hidden: [128, 64], activation: relu, dropout: 0.1}
/// ```
/// Image networks: `ImageModelConfiguration`.
public struct ModelConfiguration: Sendable, Equatable {
  /// Which family of networks.
  public enum Kind: String, CaseIterable, Sendable {
    /// Linear layers with an activation between them; for classes or numbers.
    case mlp
    /// One linear layer for classes.
    case logistic
    /// One linear layer for numbers.
    case linear
    /// Convolutions with pooling between them, then linear layers; for images.
    case cnn
    /// The nine-layer residual network of CIFAR-10; for images.
    case resnet9
    /// The residual networks of the CIFAR experiments; for images.
    case resnet
  }

  /// The family.
  public var kind: Kind
  /// Widths of the hidden layers; empty unless `mlp` or `cnn`.
  public var hidden: [Int]
  /// The non-linearity after each hidden layer.
  public var activation: Activation.Kind
  /// Dropout rate after each hidden activation, in [0, 1).
  public var dropout: Double
  /// What image networks read besides.
  public var images = ImageModelConfiguration()

  /// A model by its parts.
  public init(
    kind: Kind = .mlp, hidden: [Int] = [], activation: Activation.Kind = .relu, dropout: Double = 0
  ) {
    (self.kind, self.hidden, self.activation, self.dropout) = (kind, hidden, activation, dropout)
  }

  /// Reads the `model` mapping of a run file.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    kind = try map.choice("kind", default: .mlp)
    images = try ImageModelConfiguration(from: map, kind: kind)
    let own = ["kind"] + ImageModelConfiguration.keys(of: kind)
    guard kind == .mlp || kind == .cnn else {
      (hidden, activation, dropout) = ([], .relu, 0)
      try map.checkKeys(known: own)
      return
    }
    try map.checkKeys(known: own + ["hidden", "activation", "dropout"])
    if kind == .mlp {
      hidden = try map.ints("hidden", in: 1...1_000_000)
    } else {
      hidden = try map.ints(ifPresent: "hidden", in: 1...1_000_000) ?? []
    }
    activation = try map.choice("activation", default: .relu)
    let rate = try map.double("dropout", in: .from(0, below: 1), default: 0)
    // In fp32, 0.99999999 is 1: nothing would be kept.
    guard Float(rate) < 1 else {
      throw .outOfRange(
        map.place("dropout"), value: "\(rate)", allowed: "at least 0 and at most 0.999999")
    }
    dropout = rate
  }

  /// The network for examples of a shape, which `requireInputs` has accepted.
  public func network(inputShape: [Int], outputs: Int) -> Network {
    if kind.readsImages {
      guard let network = imageNetwork(inputShape: inputShape, outputs: outputs) else {
        preconditionFailure("\(kind) on \(inputShape)")
      }
      return network
    }
    return Network.multilayerPerceptron(
      inputShape: inputShape, hidden: hidden, outputs: outputs, activation: activation,
      dropout: Float(dropout))
  }

  /// The configuration written out, defaults included.
  public var value: ConfigurationValue {
    var values = images.values(of: kind)
    values["kind"] = .string(kind.rawValue)
    if kind == .mlp || kind == .cnn {
      values["hidden"] = .list(hidden.map { .int($0) })
      values["activation"] = .string(activation.rawValue)
      values["dropout"] = .double(dropout)
    }
    return .map(values)
  }
}
