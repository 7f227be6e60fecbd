import Configuration
import Networks
import Tensors

/// The `model` of a run file: a family of networks with its settings.
///
/// ```yaml
/// model: {kind: mlp, hidden: [128, 64], activation: relu, dropout: 0.1}
/// ```
/// A new family is a case here and a file of its own beside `Families/MLPModel.swift`.
public enum ModelConfiguration: Sendable, Equatable {
  /// Linear layers with an activation between them; for classes or numbers.
  case mlp(MLPModel)
  /// One linear layer for classes.
  case logistic(LogisticModel = LogisticModel())
  /// One linear layer for numbers.
  case linear(LinearModel = LinearModel())
  /// A causal language model as GPT-2; for sequences of tokens.
  case gpt2(GPT2Model)
  /// A causal language model as Llama; for sequences of tokens.
  case llama(LlamaModel)
  /// A classifier as BERT; for sequences of tokens.
  case bert(BERTModel)
  /// A vision transformer; for images.
  case vit(ViTModel)
  /// What a Hugging Face `config.json` describes.
  case pretrained(PretrainedModel)
  /// Convolutions with pooling between them, then linear layers; for images.
  case cnn(CNNModel)
  /// The nine-layer residual network of CIFAR-10; for images.
  case resnet9(ResNet9Model)
  /// The residual networks of the CIFAR experiments; for images.
  case resnet(ResNetModel)

  /// The families by the names that run files give them.
  public enum Kind: String, CaseIterable, Sendable {
    /// The cases of `ModelConfiguration`.
    case mlp, logistic, linear, gpt2, llama, bert, vit, pretrained, cnn, resnet9, resnet
  }

  /// Reads the `model` mapping of a run file.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    switch try map.choice("kind", default: Kind.mlp) {
    case .mlp: self = .mlp(try MLPModel(from: map))
    case .logistic: self = .logistic(try LogisticModel(from: map))
    case .linear: self = .linear(try LinearModel(from: map))
    case .gpt2: self = .gpt2(try GPT2Model(from: map))
    case .llama: self = .llama(try LlamaModel(from: map))
    case .bert: self = .bert(try BERTModel(from: map))
    case .vit: self = .vit(try ViTModel(from: map))
    case .pretrained: self = .pretrained(try PretrainedModel(fromModel: map))
    case .cnn: self = .cnn(try CNNModel(from: map))
    case .resnet9: self = .resnet9(try ResNet9Model(from: map))
    case .resnet: self = .resnet(try ResNetModel(from: map))
    }
  }

  private var kindAndFamily: (Kind, any ModelFamily) {
    switch self {
    case .mlp(let family): (.mlp, family)
    case .logistic(let family): (.logistic, family)
    case .linear(let family): (.linear, family)
    case .gpt2(let family): (.gpt2, family)
    case .llama(let family): (.llama, family)
    case .bert(let family): (.bert, family)
    case .vit(let family): (.vit, family)
    case .pretrained(let family): (.pretrained, family)
    case .cnn(let family): (.cnn, family)
    case .resnet9(let family): (.resnet9, family)
    case .resnet(let family): (.resnet, family)
    }
  }

  /// The family's name.
  public var kind: Kind { kindAndFamily.0 }

  /// The family with its settings.
  public var family: any ModelFamily { kindAndFamily.1 }

  /// The model of a `config.json`; nil for the other families.
  public var pretrained: PretrainedModel? {
    if case .pretrained(let model) = self { model } else { nil }
  }

  /// The same family with other widths, as `ModelFamily.narrowed`.
  public func narrowed(to widths: [Int]) -> ModelConfiguration? {
    switch self {
    case .mlp(let family): family.narrowed(to: widths).map { .mlp($0) }
    case .cnn(let family): family.narrowed(to: widths).map { .cnn($0) }
    case .resnet9(let family): family.narrowed(to: widths).map { .resnet9($0) }
    case .resnet(let family): family.narrowed(to: widths).map { .resnet($0) }
    case .logistic, .linear, .gpt2, .llama, .bert, .vit, .pretrained: nil
    }
  }

  /// The configuration written out, defaults included.
  public var value: ConfigurationValue {
    var values = family.settings
    values["kind"] = .string(kind.rawValue)
    return .map(values)
  }
}

extension ModelConfiguration {
  /// The network for examples of a shape.
  ///
  /// - Throws: `ModelError.imageInputs` for what are no images, or too small.
  public func network(inputShape: [Int], outputs: Int) throws(ModelError) -> Network {
    if let network = family.network(inputShape: inputShape, outputs: outputs) { return network }
    let problem = family.problem(inputShape: inputShape, outputs: outputs)
    throw error(problem ?? .images(image: nil, least: 1), inputShape)
  }

  /// The transformer for examples of a shape; nil for other families, and without a shape of images.
  public func architecture(inputShape: [Int], outputs: Int) -> TransformerArchitecture? {
    family.architecture(inputShape: inputShape, outputs: outputs)
  }

  /// Refuses a loss that is not of the model's outputs, and examples that it cannot read.
  ///
  /// - Parameters:
  ///   - outputs: classes, numbers or tokens.
  ///   - inputs: of all examples, by part; asked of a `bert` for tokens that it does not have.
  /// - Throws: `ModelError.modelTargets`, `.modelInputs`, `.imageInputs`.
  public func require(
    _ loss: Loss, inputShape: [Int], outputs: Int, inputs: [Tensor]
  ) throws(ModelError) {
    guard family.predicts(loss) else {
      throw .modelTargets(
        kind: kind.rawValue,
        targets: loss == .crossEntropy
          ? "classes" : loss == .nextToken ? "the next tokens of sequences" : "numbers")
    }
    try requireInputs(inputShape, outputs: outputs)
    let architecture = architecture(inputShape: inputShape, outputs: outputs)
    for part in inputs {
      if let problem = architecture?.problem(tokens: part) {
        throw .modelInputs(kind: kind.rawValue, problem: problem)
      }
    }
  }

  /// The same with what the run file leaves open as weights from elsewhere have it, and what is said of
  /// it; nil where nothing changes.
  ///
  /// - Parameter tensors: the shapes of the weights by their names.
  package func fitted(
    to tensors: [String: [Int]]
  ) -> (model: ModelConfiguration, note: String)? {
    guard case .resnet(let family) = self, let fitted = family.fitted(to: tensors) else {
      return nil
    }
    return (
      .resnet(fitted),
      "conv1 of the weights is 3 × 3: taken as the stem of CIFAR, of stride 1 and without max pooling "
        + "(`stem: cifar` in the run file's model says so itself)"
    )
  }

  /// How the examples are taken otherwise than they seem, a line each.
  ///
  /// - Parameters:
  ///   - outputs: classes, numbers or tokens of the data.
  ///   - areTexts: whether a tokenizer made the sequences.
  public func notes(outputs: Int, areTexts: Bool) -> [String] {
    guard case .pretrained(let model) = self else { return [] }
    let head = model.newHead.map {
      ["the head is new: \($0) output\($0 == 1 ? "" : "s"), drawn from the seed"]
    }
    return (head ?? []) + model.architecture.notes(outputs: outputs, areTexts: areTexts)
  }

  /// Refuses examples that the model cannot read.
  ///
  /// - Throws: `ModelError.imageInputs` with the shape and what the model needs, `.modelInputs`.
  public func requireInputs(_ inputShape: [Int], outputs: Int) throws(ModelError) {
    if let problem = family.problem(inputShape: inputShape, outputs: outputs) {
      throw error(problem, inputShape)
    }
  }

  private func error(_ problem: ModelProblem, _ inputShape: [Int]) -> ModelError {
    switch problem {
    case .images(let image, let least):
      .imageInputs(
        kind: kind.rawValue, shape: inputShape,
        image: image.map { [$0.channels, $0.height, $0.width] }, least: least)
    case .shape(let problem): .modelInputs(kind: kind.rawValue, problem: problem)
    }
  }
}
