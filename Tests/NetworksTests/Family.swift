import Tensors
import Testing

@testable import Networks

/// A tiny network of every family, with inputs for it.
enum Family: String, CaseIterable, CustomTestStringConvertible {
  case mlp, cnn, resnet, resnet9, vit, bert, gpt2, llama
  /// No family: convolutions without kinks.
  case images

  static let batch = 3
  static let allCases: [Family] = [.mlp, .cnn, .resnet, .resnet9, .vit, .bert, .gpt2, .llama]
  /// Those without kinks: differences are derivatives.
  static let smooth: [Family] = [.mlp, .images, .vit, .bert, .gpt2, .llama]
  private static let image = ImageShape(channels: 2, height: 12, width: 12)

  var testDescription: String { rawValue }

  /// The network; with dropout in the families that have it.
  func network(dropout: Float = 0) -> Network {
    let made: Network? =
      switch self {
      case .mlp:
        .multilayerPerceptron(
          inputShape: [4], hidden: [5, 4], outputs: 3, activation: .gelu, dropout: dropout)
      case .cnn:
        .convolutional(
          image: Family.image, channels: [3, 4], hidden: [5], outputs: 3, activation: .gelu,
          normalisation: .group, dropout: dropout)
      case .images: Family.smoothImages
      case .resnet: .resnet(image: Family.image, blocks: 1, width: 2, outputs: 3)
      case .resnet9: .resnet9(image: Family.image, width: 2, outputs: 3)
      case .vit:
        .vit(
          ViTConfiguration(
            image: Family.image, patch: 4, layers: 2, heads: 2, width: 4, classes: 3,
            dropout: dropout, attentionDropout: dropout))
      case .bert:
        .bert(
          BERTConfiguration(
            vocabulary: 7, context: 5, layers: 2, heads: 2, width: 4, mlpWidth: 6, classes: 3,
            dropout: dropout, attentionDropout: dropout))
      case .gpt2:
        .gpt2(
          GPT2Configuration(
            vocabulary: 7, context: 5, layers: 2, heads: 2, width: 4, dropout: dropout,
            attentionDropout: dropout))
      case .llama:
        .llama(
          LlamaConfiguration(
            vocabulary: 7, context: 5, layers: 2, heads: 2, keyHeads: 1, width: 4, mlpWidth: 6))
      }
    guard let made else { preconditionFailure("\(rawValue) does not fit") }
    return made
  }

  /// Three examples; the last of a language model is padded.
  var inputs: Tensor {
    switch self {
    case .mlp: gaussian([Family.batch, 4], seed: 1, index: 0)
    case .cnn, .resnet, .resnet9, .vit, .images:
      gaussian([Family.batch, 2, 12, 12], seed: 1, index: 0)
    case .bert, .gpt2, .llama:
      Tensor([0, 3, 6, 1, 2, 5, 5, 4, 0, 1, 2, 3, -1, -1, -1], shape: [Family.batch, 5])
    }
  }

  /// Parameters that make all layers matter: wider than those of a fresh network.
  func parameters(_ network: Network, seed: UInt64 = 4) -> Tensor {
    var theta = network.initialParameters(seed: seed)
    theta.add(scaled: gaussian(theta.shape, seed: seed, index: 7, scale: 0.25), by: 1)
    for buffer in network.buffers {
      for i in buffer.range { theta.storage.base[i] = 0.5 + abs(theta[i]) }
    }
    // Batch norms shift upwards, or the ReLUs behind them may all be dead.
    for (bias, mean) in zip(network.parameters, network.parameters.dropFirst())
    where mean.name.hasSuffix(".running_mean") {
      for i in bias.range { theta.storage.base[i] += 1 }
    }
    return theta
  }

  /// A convolution, a residual branch of another, and the mean of all pixels.
  private static let smoothImages: Network? = {
    var stack = ImageStack(NetworkBuilder(), image)
    stack.layers.append(stack.builder.channelsLast(image))
    guard stack.convolve("a", to: 3, kernel: 3, padding: 1) else { return nil }
    stack.activate("a", .gelu)
    let isThere = stack.residual("b") { inner in
      guard inner.convolve("b.c", to: 3, kernel: 3, padding: 1) else { return false }
      inner.activate("b.c", .tanh)
      return true
    }
    guard isThere, let pool = stack.builder.globalAveragePool(input: stack.shape) else {
      return nil
    }
    stack.layers += [pool, stack.builder.flatten(pool.output)]
    stack.layers.append(stack.builder.linear("d", inputs: 3, outputs: 3))
    return Network(
      Sequential(stack.layers), builder: stack.builder, inputShape: [2, 12, 12], outputCount: 3)
  }()
}
