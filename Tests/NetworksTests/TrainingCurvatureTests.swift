import Networks
import Tensors
import TestSupport
import Testing

/// Second derivatives through batch statistics, and what running statistics pull, against float64
/// PyTorch.
@Suite("Curvature in training against PyTorch")
struct TrainingCurvatureTests {
  /// One network of training_curvature.json; numbers a parameter or an example.
  struct Known: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let losses: [Double]
    let examples: [Double]
    let hessian: [Double]
    let pull: [Double]
    let statistics: [Double]
    var testDescription: String { name }
  }
  private struct File: Decodable {
    let cases: [Known]
  }

  static let all = (try? Fixture.load("training_curvature.json", as: File.self))?.cases ?? []

  @Test("the golden file holds its four networks")
  func fileIsThere() { #expect(Self.all.count == 4) }

  @Test("products, slopes and pulls are PyTorch's", arguments: all)
  func products(_ known: Known) throws {
    let c = try #require(ConvolutionCase.all.first { $0.name == known.name })
    let network = try c.network()
    let draws = DropoutDraws(seed: 0, step: 0)
    // As the script makes them.
    let inputs = Tensor(
      c.inputs + c.inputs.map { -0.75 * $0 }, shape: [2 * c.count] + c.inputShape.dropFirst())
    let targets = TargetValues.classes(c.classes + c.classes.reversed())
    let isBuffer = Set(network.buffers.map(\.offset))
    func blocks(_ product: Tensor) -> [Double] {
      network.parameters.filter { !isBuffer.contains($0.offset) }.map { parameter in
        parameter.range.reduce(0) { $0 + Double(product[$1]) * Double(c.direction[$1]) }
      }
    }
    func curvature(_ adjoints: [Int: Tensor]) throws -> CurvatureProduct {
      try network.curvature(
        inputs, targets, parameters: c.theta, loss: .crossEntropy, along: c.v, dropout: draws,
        statistics: adjoints)
    }
    let found = try curvature([:])
    #expect(relativeDifference(blocks(found.product), known.hessian) < 2e-5)
    #expect(relativeDifference(found.exampleDerivatives, known.examples) < 1e-5)
    let losses = Loss.crossEntropy.values(found.outputs, targets)
    #expect(relativeDifference(losses, known.losses) < 1e-5)
    let adjoints = Dictionary(
      uniqueKeysWithValues: network.buffers.map { buffer in
        (buffer.offset, Tensor(Array(c.direction[buffer.range]), shape: buffer.shape))
      })
    let pulled = blocks(try curvature(adjoints).product)
    let both = zip(known.hessian, known.pull).map(+)
    #expect(relativeDifference(pulled, both) < 2e-5)
    let pass = network.pass(c.theta, batch: 2 * c.count, for: .outputs, dropout: draws)
    _ = network.root.forward(inputs, pass)
    let moved = network.buffers.flatMap { pass.bufferUpdates[$0.offset]?.elements ?? [] }
    #expect(relativeDifference(moved, known.statistics) < 1e-6)
  }
}
