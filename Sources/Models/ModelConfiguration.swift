import Configuration
import Networks
import Tensors

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
    /// A causal language model as GPT-2; for sequences of tokens.
    case gpt2
    /// A causal language model as Llama; for sequences of tokens.
    case llama
    /// A classifier as BERT; for sequences of tokens.
    case bert
    /// A vision transformer; for images.
    case vit
    /// What a Hugging Face `config.json` describes.
    case pretrained
    /// Convolutions with pooling between them, then linear layers; for images.
    case cnn
    /// The nine-layer residual network of CIFAR-10; for images.
    case resnet9
    /// The residual networks of the CIFAR experiments; for images.
    case resnet

    /// Whether `TransformerSettings` has the sizes.
    var isTransformer: Bool { [.gpt2, .llama, .bert, .vit].contains(self) }
  }

  /// The family.
  public var kind: Kind
  /// Widths of the hidden layers; empty unless `mlp` or `cnn`.
  public var hidden: [Int]
  /// The non-linearity after each hidden layer.
  public var activation: Activation.Kind
  /// Dropout rate after each hidden activation, in [0, 1).
  public var dropout: Double
  /// The sizes of a transformer; nil for the other families.
  public var transformer: TransformerSettings?
  /// The model of a `config.json`; nil for the other families.
  public var pretrained: PretrainedModel?
  /// What image networks read besides.
  public var images = ImageModelConfiguration()

  /// A model by its parts.
  public init(
    kind: Kind = .mlp, hidden: [Int] = [], activation: Activation.Kind = .relu, dropout: Double = 0
  ) {
    (self.kind, self.hidden, self.activation, self.dropout) = (kind, hidden, activation, dropout)
  }

  /// The model of a `config.json`.
  public init(_ pretrained: PretrainedModel) {
    self.init(kind: .pretrained)
    self.pretrained = pretrained
  }

  /// Reads the `model` mapping of a run file.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    kind = try map.choice("kind", default: .mlp)
    if kind.isTransformer {
      (hidden, activation, dropout) = ([], .relu, 0)
      transformer = try TransformerSettings(kind, from: map)
      images = try ImageModelConfiguration(from: map, kind: kind)
      return
    }
    if kind == .pretrained {
      (hidden, activation, dropout) = ([], .relu, 0)
      try map.checkKeys(known: ["kind", "config"])
      pretrained = try ModelConfiguration.pretrained(map)
      return
    }
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
    dropout = try map.dropoutRate("dropout")
  }

  /// The mapping `config`, whose keys are those of Hugging Face.
  private static func pretrained(
    _ map: ConfigurationMap
  ) throws(ConfigurationError) -> PretrainedModel {
    guard case .map(let values) = map.value("config") else {
      throw .missingKey(map.place(), key: "config", present: map.keys)
    }
    do {
      return try PretrainedModel(from: ConfigurationMap(values, file: map.file))
    } catch let error as ConfigurationError {
      throw error
    } catch {
      let problem = (error as? any DiagnosableError)?.what ?? "\(error)"
      throw .wrongType(
        map.place("config"), found: "a model of which \(problem)", expected: "one that is supported"
      )
    }
  }

  /// The network for examples of a shape, which `requireInputs` has accepted.
  public func network(inputShape: [Int], outputs: Int) -> Network {
    if let pretrained { return pretrained.network(inputShape: inputShape) }
    if kind.readsImages || transformer != nil {
      let network =
        kind.readsImages
        ? imageNetwork(inputShape: inputShape, outputs: outputs)
        : architecture(inputShape: inputShape, outputs: outputs)?.network(inputShape: inputShape)
      guard let network else { preconditionFailure("\(kind) on \(inputShape)") }
      return network
    }
    return Network.multilayerPerceptron(
      inputShape: inputShape, hidden: hidden, outputs: outputs, activation: activation,
      dropout: Float(dropout))
  }

  /// The transformer for examples of a shape; nil for other families, and without a shape of images.
  package func architecture(inputShape: [Int], outputs: Int) -> TransformerArchitecture? {
    if let pretrained { return pretrained.architecture }
    let image = images.image ?? ImageShape(inputShape: inputShape)
    if kind == .vit && image == nil { return nil }
    return transformer?.architecture(kind, inputShape: inputShape, image: image, outputs: outputs)
  }

  /// The configuration written out, defaults included.
  public var value: ConfigurationValue {
    if let transformer {
      return .map(
        transformer.values(kind).merging(images.values(of: kind)) { $1 }
          .merging(["kind": .string(kind.rawValue)]) { $1 })
    }
    if let pretrained {
      return .map(["kind": .string(kind.rawValue), "config": .map(pretrained.values)])
    }
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
