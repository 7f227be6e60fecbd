import Components
import Datasets
import Networks
import Randomness
import Storage
import TestSupport
import Tensors
import Testing

/// A tiny network of every family that has components.
enum ComponentFamily: String, CaseIterable, CustomTestStringConvertible {
  case mlp, cnn, resnet, resnet9, vit, bert, gpt2, llama

  private static let image = ImageShape(channels: 2, height: 12, width: 12)

  var testDescription: String { rawValue }
  /// Whether batch norms stand behind convolutions.
  var hasBatchNorm: Bool { self == .resnet || self == .resnet9 }

  func network() throws -> Network {
    let image = ComponentFamily.image
    switch self {
    case .mlp: return .multilayerPerceptron(inputShape: [4], hidden: [5, 4], outputs: 3)
    case .cnn:
      return try #require(
        .convolutional(image: image, channels: [3, 4], hidden: [5], outputs: 3))
    case .resnet: return try #require(.resnet(image: image, blocks: 2, width: 2, outputs: 3))
    case .resnet9: return try #require(.resnet9(image: image, width: 2, outputs: 3))
    case .vit:
      return try #require(
        .vit(ViTConfiguration(image: image, patch: 4, layers: 2, heads: 2, width: 4, classes: 3)))
    case .bert:
      return .bert(
        BERTConfiguration(
          vocabulary: 7, context: 5, layers: 2, heads: 2, width: 4, mlpWidth: 6, classes: 3))
    case .gpt2:
      return .gpt2(GPT2Configuration(vocabulary: 7, context: 5, layers: 2, heads: 2, width: 4))
    case .llama:
      return .llama(
        LlamaConfiguration(
          vocabulary: 7, context: 5, layers: 2, heads: 4, keyHeads: 2, width: 8, mlpWidth: 6))
    }
  }

  /// Three examples.
  var inputs: Tensor {
    let shape: [Int]
    switch self {
    case .mlp: shape = [3, 4]
    case .cnn, .resnet, .resnet9, .vit: shape = [3, 2, 12, 12]
    case .bert, .gpt2, .llama:
      return Tensor([1, 3, 6, 1, 2, 5, 5, 4, 6, 1, 2, 3, 4, 5, 6], shape: [3, 5])
    }
    let x = Tensor(uninitialized: shape)
    RandomStream(seed: 5, purpose: .split, index: 1)
      .fillGaussian(x.storage.base, count: x.count, scale: 1)
    return x
  }

  /// Parameters that make all layers matter; batch norms without shifts as in a fresh network.
  func parameters(_ network: Network) -> Tensor {
    let theta = network.initialParameters(seed: 3)
    if hasBatchNorm { return theta }
    let noise = Tensor(uninitialized: theta.shape)
    RandomStream(seed: 6, purpose: .split, index: 2)
      .fillGaussian(noise.storage.base, count: noise.count, scale: 0.3)
    return theta + noise
  }

  /// The inputs as queries: of three classes, or the sequences themselves.
  var queries: Dataset {
    switch self {
    case .gpt2, .llama:
      Dataset(inputs: inputs, targets: .tokens(inputs, vocabulary: (0..<7).map { "\($0)" }))
    default: Dataset(inputs: inputs, targets: .classes([0, 1, 2], names: ["a", "b", "c"]))
    }
  }

  /// A study of them whose banks lie in a folder.
  func study(
    in folder: ScratchFolder, kinds: [ComponentGroup.Kind], _ function: OutputFunction = .logit,
    ablation: Ablation = .zero, parameters theta: Tensor? = nil
  ) throws -> ComponentStudy {
    let network = try network()
    return try ComponentStudy(
      try MaskedOutputs(
        network, parameters: theta ?? parameters(network),
        components: try ComponentSet(network, kinds: kinds), queries: queries, function: function,
        ablation: ablation, reference: queries),
      identity: Fingerprint(["model": rawValue]), folder: folder.path)
  }
}
