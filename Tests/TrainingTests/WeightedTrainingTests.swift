import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Models
@testable import Training

@Suite("Training with weights")
struct WeightedTrainingTests {
  private func trainer(_ data: Dataset, rows: [Int]? = nil, batch: Int = 12) throws -> Trainer {
    try Trainer(
      network: .multilayerPerceptron(inputShape: [2], hidden: [5], outputs: 4, activation: .tanh),
      configuration: TrainingConfiguration(
        optimizer: .sgd(momentum: 0.9), rate: 0.1, batch: batch, epochs: 2),
      data: data, rows: rows, seed: 3)
  }

  private let weights: [Float] = [0, 2, 0.5, 1, 3, 0, 0.25, 1.5, 1, 1, 0, 4]

  @Test("the gradient is the sum of w ∇ℓ over the batch's size, of classes and of numbers")
  func gradient() throws {
    let plain = quadrants(12)
    let numbers = Dataset(
      inputs: plain.inputs,
      targets: .values(
        Tensor(
          (0..<48).map { Float($0 % 7) / 3 }, shape: [12, 4])))
    for data in [plain, numbers] {
      let whole = try trainer(data.weighted(weights))
      let state = whole.initialState()
      let found = try whole.gradient(state, whole.batch(at: 0)).elements
      var expected = [Double](repeating: 0, count: found.count)
      for row in 0..<12 {
        let one = try trainer(data, rows: [row], batch: 1)
        let own = try one.gradient(state, one.batch(at: 0)).elements
        for (p, value) in own.enumerated() {
          expected[p] += Double(weights[row]) * Double(value) / 12
        }
      }
      #expect(relativeDifference(found.map(Double.init), expected) < 1e-5)
    }
  }

  @Test("signals are those of the losses as they are; gradient norms too, but of a weight of 0")
  func signals() throws {
    let data = quadrants(12)
    let (one, other) = (try trainer(data), try trainer(data.weighted(weights)))
    var (a, b) = (one.initialState(), other.initialState())
    let (plain, weighted) = (try one.runEpoch(&a), try other.runEpoch(&b))
    #expect(plain[.loss] == weighted[.loss] && plain[.margin] == weighted[.margin])
    let norms = try #require(plain[.gradientNorm])
    let found = try #require(weighted[.gradientNorm])
    for row in 0..<12 {
      let expected = weights[row] == 0 ? 0 : norms[row]
      #expect(abs(found[row] - expected) < 1e-5 * norms[row])
    }
    #expect(a.parameters.elements != b.parameters.elements)
  }

  @Test("weights of 1 change no bit, and a subset trains with its own")
  func ones() throws {
    let data = quadrants(12)
    let plain = try trainer(data).train().parameters.elements
    let ones = data.weighted([Float](repeating: 1, count: 12))
    #expect(try trainer(ones).train().parameters.elements == plain)
    let weighted = data.weighted(weights)
    let rows = [1, 4, 6, 11, 3]
    #expect(
      try trainer(weighted, rows: rows).train().parameters.elements
        == trainer(weighted.subset(rows)).train().parameters.elements)
  }
}
