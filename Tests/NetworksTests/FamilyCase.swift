import Foundation
import Networks
import Tensors
import Testing

/// A small network of each family with a batch, dropout where the family has it.
struct FamilyCase: Sendable, CustomTestStringConvertible {
  let name: String
  let network: Network
  let inputs: Tensor
  let targets: TargetValues

  var testDescription: String { name }

  var loss: Loss {
    switch targets {
    case .classes: .crossEntropy
    case .values: .squaredError
    case .tokens: .nextToken
    }
  }

  /// Where training is: the dropout of its third step, as for the examples from the fifth on.
  static let draws = DropoutDraws(seed: 7, step: 3, firstExample: 4)

  /// Numbers near where training begins; running variances are positive.
  func parameters(seed: UInt64) -> Tensor {
    var theta = network.initialParameters(seed: seed)
    theta.add(scaled: gaussian(theta.shape, seed: seed, index: 1), by: 0.3)
    for buffer in network.buffers where buffer.name.hasSuffix("running_var") {
      for i in buffer.range { theta[i] = 0.5 + abs(theta[i]) }
    }
    return theta
  }

  static let all: [FamilyCase] = perceptrons + convolutional + transformers
  /// Those whose training passes have batch statistics.
  static let withStatistics = all.filter { !$0.network.buffers.isEmpty }

  private static let classes = TargetValues.classes([0, 2, 1])

  private static let perceptrons = [
    FamilyCase(
      name: "mlp",
      network: .multilayerPerceptron(
        inputShape: [4], hidden: [6, 5], outputs: 3, activation: .gelu, dropout: 0.3),
      inputs: gaussian([3, 4], seed: 1, index: 0), targets: classes),
    FamilyCase(
      name: "mlp of numbers",
      network: .multilayerPerceptron(
        inputShape: [4], hidden: [6], outputs: 2, activation: .relu, dropout: 0.3),
      inputs: gaussian([3, 4], seed: 1, index: 0),
      targets: .values(gaussian([3, 2], seed: 1, index: 9))),
  ]

  private static let image = ImageShape(channels: 2, height: 8, width: 8)
  private static let images = gaussian([3, 2, 8, 8], seed: 2, index: 0)

  private static let convolutional: [FamilyCase] = {
    func cnn(_ normalisation: ImageNormalisation) -> Network? {
      .convolutional(
        image: image, channels: [3, 4], hidden: [5], outputs: 3, activation: .silu,
        normalisation: normalisation, dropout: 0.3)
    }
    let made: [(String, Network?)] = [
      ("cnn", cnn(.none)), ("cnn with batch norm", cnn(.batch)),
      ("cnn with group norm", cnn(.group)),
      ("resnet", .resnet(image: image, blocks: 1, width: 2, outputs: 3)),
    ]
    let large = ImageShape(channels: 2, height: 12, width: 12)
    let nine = Network.resnet9(image: large, width: 2, outputs: 3).map {
      // Its last norm sees a pixel of each image: four, so that it is well conditioned.
      FamilyCase(
        name: "resnet9", network: $0, inputs: gaussian([4, 2, 12, 12], seed: 2, index: 0),
        targets: .classes([0, 2, 1, 1]))
    }
    return made.compactMap { name, network in
      network.map { FamilyCase(name: name, network: $0, inputs: images, targets: classes) }
    } + (nine.map { [$0] } ?? [])
  }()

  private static let tokens = Tensor([0, 3, 6, 1, 2, 5, 5, 4, -1, -1], shape: [2, 5])

  private static let transformers: [FamilyCase] = {
    let vit = Network.vit(
      ViTConfiguration(
        image: ImageShape(channels: 2, height: 6, width: 6), patch: 3, layers: 1, heads: 2,
        width: 4, mlpWidth: 6, classes: 3, dropout: 0.2, attentionDropout: 0.2))
    let bert = Network.bert(
      BERTConfiguration(
        vocabulary: 7, context: 6, layers: 1, heads: 2, width: 4, mlpWidth: 6, classes: 3,
        dropout: 0.2, attentionDropout: 0.2), length: 5)
    let gpt2 = Network.gpt2(
      GPT2Configuration(
        vocabulary: 7, context: 6, layers: 2, heads: 2, width: 4, mlpWidth: 6, dropout: 0.2,
        attentionDropout: 0.2), length: 5)
    let llama = Network.llama(
      LlamaConfiguration(
        vocabulary: 7, context: 6, layers: 1, heads: 4, keyHeads: 2, width: 8, mlpWidth: 6),
      length: 5)
    let gemma2 = Network.llama(
      LlamaConfiguration(
        .gemma2, vocabulary: 7, context: 6, layers: 1, heads: 2, keyHeads: 1, width: 4,
        mlpWidth: 6, attentionScale: 0.6, attentionCap: 2, logitCap: 3), length: 5)
    let qwen3 = Network.llama(
      LlamaConfiguration(
        .qwen3, vocabulary: 7, context: 6, layers: 1, heads: 2, keyHeads: 1, width: 8,
        headWidth: 6, mlpWidth: 6), length: 5)
    let olmo2 = Network.llama(
      LlamaConfiguration(
        // Norms of small numbers bend sharply: ε keeps differences derivatives.
        .olmo2, vocabulary: 7, context: 6, layers: 1, heads: 4, keyHeads: 2, width: 8,
        mlpWidth: 6, epsilon: 0.01), length: 5)
    let gptNeoX = Network.gptNeoX(
      GPTNeoXConfiguration(
        vocabulary: 7, context: 6, layers: 1, heads: 2, width: 8, mlpWidth: 6, turning: 2,
        dropout: 0.2, attentionDropout: 0.2), length: 5)
    let distilBERT = Network.bert(
      BERTConfiguration(
        .distilbert, vocabulary: 7, context: 6, layers: 1, heads: 2, width: 4, mlpWidth: 6,
        classes: 3, padding: nil, dropout: 0.2, attentionDropout: 0.2), length: 5)
    let roBERTa = Network.bert(
      BERTConfiguration(
        .roberta, vocabulary: 7, context: 6, layers: 1, heads: 2, width: 4, mlpWidth: 6,
        classes: 3, segments: 2, separator: 3, padding: 0, dropout: 0.2, attentionDropout: 0.2),
      length: 5)
    let adapters = LowRankAdapters(rank: 2, alpha: 3, targets: LayerPatterns(["c_attn", "c_fc"]))
    let adapted = try? gpt2.adapted(by: adapters, place: "test").withoutSelection
    return [
      vit.map {
        FamilyCase(
          name: "vit", network: $0, inputs: gaussian([3, 2, 6, 6], seed: 3, index: 0),
          targets: classes)
      },
      FamilyCase(name: "bert", network: bert, inputs: tokens, targets: .classes([2, 0])),
      FamilyCase(name: "gpt2", network: gpt2, inputs: tokens, targets: .tokens(tokens)),
      FamilyCase(name: "llama", network: llama, inputs: tokens, targets: .tokens(tokens)),
      FamilyCase(name: "gemma2", network: gemma2, inputs: tokens, targets: .tokens(tokens)),
      FamilyCase(name: "qwen3", network: qwen3, inputs: tokens, targets: .tokens(tokens)),
      FamilyCase(name: "olmo2", network: olmo2, inputs: tokens, targets: .tokens(tokens)),
      FamilyCase(name: "gpt_neox", network: gptNeoX, inputs: tokens, targets: .tokens(tokens)),
      FamilyCase(
        name: "distilbert", network: distilBERT, inputs: tokens, targets: .classes([2, 0])),
      FamilyCase(name: "roberta", network: roBERTa, inputs: tokens, targets: .classes([2, 0])),
      adapted.map {
        FamilyCase(
          name: "gpt2 with adapters", network: $0, inputs: tokens, targets: .tokens(tokens))
      },
    ].compactMap { $0 }
  }()
}

extension FamilyCase {
  /// ℓ of every example from outputs in fp64.
  func losses(_ z: [Double]) -> [Double] {
    let batch = inputs.shape[0]
    let size = z.count / batch
    let width = network.outputCount
    func negativeLogProbability(_ row: Int, _ y: Int) -> Double {
      let own = z[row * width..<(row + 1) * width]
      let top = own.max() ?? 0
      return log(own.reduce(0) { $0 + exp($1 - top) }) + top - z[row * width + y]
    }
    return (0..<batch).map { example in
      switch targets {
      case .classes(let classes): return negativeLogProbability(example, Int(classes[example]))
      case .values(let values):
        return (example * size..<(example + 1) * size).reduce(0) {
          let error = z[$1] - Double(values[$1])
          return $0 + 0.5 * error * error
        }
      case .tokens(let tokens):
        let places = tokens.rowLength
        return (0..<places - 1).reduce(0) {
          let next = tokens[example * places + $1 + 1]
          return next < 0 ? $0 : $0 + negativeLogProbability(example * places + $1, Int(next))
        }
      }
    }
  }

  /// Σ aᵀ (∂²ℓ/∂z²) b over a batch, in fp64.
  func curvature(_ z: [Double], _ a: [Double], _ b: [Double]) -> Double {
    if case .values = targets { return zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let width = network.outputCount
    return (0..<z.count / width).reduce(0) { sum, row in
      if case .tokens(let tokens) = targets {
        let place = row % tokens.rowLength
        if place + 1 == tokens.rowLength || tokens[row + 1] < 0 { return sum }
      }
      let range = row * width..<(row + 1) * width
      let powers = z[range].map { exp($0) }
      let total = powers.reduce(0, +)
      let p = powers.map { $0 / total }
      func mean(_ u: [Double]) -> Double { zip(p, u).reduce(0) { $0 + $1.0 * $1.1 } }
      let (own, other) = (Array(a[range]), Array(b[range]))
      return sum + mean(zip(own, other).map(*)) - mean(own) * mean(other)
    }
  }
}
