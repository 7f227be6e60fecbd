import Datasets
import Factors
import Networks
import Projections
import Randomness
import Tensors
import TestSupport
import Testing

@testable import Gradients

/// Sums over tokens, transposed weights, embeddings and a tied head under every projection.
@Suite("Projections of a language model's gradients")
struct SequenceProjectionTests {
  static let network = Network.gpt2(
    GPT2Configuration(vocabulary: 7, context: 5, layers: 1, heads: 2, width: 6, mlpWidth: 8))

  static let data: Dataset = {
    let ids: [Float] = [0, 3, 2, 6, 1, 5, 5, 4, 0, 2, 1, 6, 3, -1, -1]
    let tokens = Tensor(ids, shape: [3, 5])
    return Dataset(
      inputs: tokens, targets: .tokens(tokens, vocabulary: (0..<7).map(String.init)))
  }()

  /// Larger than initial ones, where a norm bends at every small step.
  static let theta: Tensor = {
    let theta = Tensor(uninitialized: [network.parameterCount])
    RandomStream(seed: 2, purpose: .probe).fillGaussian(
      theta.storage.base, count: theta.count, scale: 0.5)
    return theta
  }()

  static func factors(_ function: OutputFunction = .margin) throws -> ExampleGradients {
    try GradientSource(network: network, parameters: theta)
      .gradients(of: data, target: .output(function)).gradients
  }

  /// The same gradients, written out: one position a row of the weight.
  static func writtenOut(_ gradients: ExampleGradients) -> ExampleGradients {
    let n = gradients.count
    return ExampleGradients(
      count: n,
      blocks: gradients.blocks.map { block in
        let (rows, columns) = (block.leftWidth, block.rightWidth)
        let full = block.fullGradients(count: n)
        return FactorBlock(
          weight: block.weight, bias: block.bias,
          term: OuterProductTerm(
            left: .oneHot(
              indices: (0..<n * rows).map { Int32($0 % rows) }, positions: rows, width: rows),
            right: .dense(Tensor(full.elements, shape: [n, rows, columns]))))
      })
  }

  @Test(
    "features are those of the full gradients",
    arguments: [
      ProjectorKind.kronecker, .factoredSJLT, .rademacher, .gaussian, .sjlt, .mask, .identity,
    ])
  func features(kind: ProjectorKind) throws {
    let gradients = try Self.factors()
    let full = Self.writtenOut(gradients)
    #expect(full.layerShapes == gradients.layerShapes)
    let dimension = kind == .identity ? Self.network.parameterCount : 64
    let projector = try makeProjector(
      kind, dimension: dimension, seed: 3, layers: gradients.layerShapes)
    let (a, b) = (try projector.project(gradients), try projector.project(full))
    #expect(relativeDifference(a.elements, b.elements) < 1e-5)
  }

  @Test(
    "every output function has the gradient of its sum over tokens",
    arguments: [
      OutputFunction.margin, .logProbability, .loss, .logit,
    ])
  func functions(function: OutputFunction) throws {
    let theta = Self.theta
    let full = try Self.factors(function).fullGradients(
      parameterCount: Self.network.parameterCount)
    let v = Tensor(uninitialized: [theta.count])
    RandomStream(seed: 1, purpose: .probe).fillGaussian(v.storage.base, count: v.count)
    let targets = TargetValues(Self.data.targets)
    let h: Float = 0x1p-9
    func values(_ step: Float) -> [Float] {
      var moved = theta
      moved.add(scaled: v, by: step)
      return function.values(
        Self.network.uncheckedOutputs(Self.data.inputs, parameters: moved), targets)
    }
    let rise = zip(values(h), values(-h)).map { ($0 - $1) / (2 * h) }
    let slopes = (0..<3).map { i in
      zip(full.row(i), v.elements).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    #expect(relativeDifference(slopes, rise) < 5e-3)
  }

  @Test("token values sum to the example's, and padding has none")
  func tokenValues() {
    let theta = Self.network.initialParameters(seed: 1)
    let outputs = Self.network.uncheckedOutputs(Self.data.inputs, parameters: theta)
    let targets = TargetValues(Self.data.targets)
    let each = OutputFunction.logProbability.tokenValues(outputs, targets)
    let sums = (0..<3).map { each.row($0).reduce(0, +) }
    #expect(relativeDifference(sums, OutputFunction.loss.values(outputs, targets)) < 1e-6)
    #expect(each[0, 4] == 0 && each[2, 2] == 0 && each[2, 3] == 0 && each[2, 1] != 0)
  }
}
