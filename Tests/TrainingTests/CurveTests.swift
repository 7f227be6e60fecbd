import Datasets
import Foundation
import Networks
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Training

/// What tools/reference/training_curves.py wrote.
struct CurveFixture: Decodable {
  let inputs: [Float], classes: [Int32], batch: Int, parameters: [Float]
  let hidden: Int, classCount: Int, inputCount: Int
  let curves: [String: [Double]], rates: [String: [Double]]

  static func load() throws -> CurveFixture {
    try JSONDecoder().decode(
      CurveFixture.self,
      from: Data(contentsOf: URL(fileURLWithPath: fixture("training_curves.json"))))
  }
}

@Suite("Optimizers and schedules against PyTorch")
struct CurveTests {
  static let cases: [(String, OptimizerConfiguration, Double, ScheduleConfiguration)] = [
    ("sgd", .sgd(), 0.1, ScheduleConfiguration()),
    ("sgd momentum weightDecay", .sgd(momentum: 0.9, weightDecay: 0.01), 0.1, .init()),
    ("sgd nesterov", .sgd(momentum: 0.9, nesterov: true), 0.1, .init()),
    ("adam", .adam(), 0.02, .init()),
    ("adam weightDecay", .adam(beta1: 0.8, beta2: 0.99, weightDecay: 0.1), 0.02, .init()),
    ("adamw", .adamw(weightDecay: 0.1), 0.02, .init()),
    ("cosine", .sgd(momentum: 0.9), 0.2, .init(.cosine(minimum: 0))),
    (
      "warm-up and cosine", .sgd(momentum: 0.9), 0.2,
      .init(.cosine(minimum: 0.01), warmUp: .steps(4))
    ),
  ]

  @Test("twenty steps have PyTorch's losses", arguments: cases.indices)
  func curve(index: Int) throws {
    let (name, optimizer, rate, schedule) = CurveTests.cases[index]
    let reference = try CurveFixture.load()
    let expected = try #require(reference.curves[name])
    let n = reference.classes.count
    // The rows are laid so that the shuffled order visits them in the reference's order.
    let order = BatchOrder(count: n, batch: reference.batch, seed: 5)
    let visits = order.permutation(epoch: 1)
    var inputs = Tensor(uninitialized: [n, reference.inputCount])
    var classes = reference.classes
    for (position, row) in visits.enumerated() {
      classes[row] = reference.classes[position]
      for k in 0..<reference.inputCount {
        inputs[row, k] = reference.inputs[position * reference.inputCount + k]
      }
    }
    let names = (0..<reference.classCount).map(String.init)
    let trainer = try Trainer(
      network: .multilayerPerceptron(
        inputShape: [reference.inputCount], hidden: [reference.hidden],
        outputs: reference.classCount),
      configuration: TrainingConfiguration(
        optimizer: optimizer, rate: rate, schedule: schedule, batch: reference.batch, epochs: 1,
        seed: 5),
      data: Dataset(inputs: inputs, targets: .classes(classes, names: names)))
    var state = trainer.initialState()
    state.parameters = Tensor(reference.parameters, shape: [reference.parameters.count])
    let losses = try #require(try trainer.runEpoch(&state)[.loss])
    for (step, rows) in order.batches(epoch: 1).enumerated() {
      let mean = rows.reduce(0.0) { $0 + Double(losses[$1]) } / Double(rows.count)
      // 20 steps of rounding at 2⁻²⁴, with a margin for the amplification by momentum.
      #expect(abs(mean - expected[step]) < 2e-5 * max(1, expected[step]), "\(name), step \(step)")
    }
  }

  @Test(
    "the rates of every schedule are PyTorch's",
    arguments: [
      ("cosine", ScheduleConfiguration(.cosine(minimum: 0)), 20, 1),
      (
        "warm-up and cosine", ScheduleConfiguration(.cosine(minimum: 0.01), warmUp: .steps(4)), 20,
        1
      ),
      (
        "warm-up and cosine", ScheduleConfiguration(.cosine(minimum: 0.01), warmUp: .epochs(0.8)),
        5, 4
      ),
      ("step", ScheduleConfiguration(.step(every: 1, factor: 0.1)), 5, 4),
    ])
  func rates(name: String, schedule: ScheduleConfiguration, stepsPerEpoch: Int, epochs: Int) throws
  {
    let expected = try #require(try CurveFixture.load().rates[name])
    for step in 0..<20 {
      let rate = schedule.rate(
        at: step, rate: 0.2, stepsPerEpoch: stepsPerEpoch, epochs: epochs)
      #expect(abs(rate - expected[step]) < 1e-12, "step \(step)")
    }
  }

  @Test("a constant rate stays, after its warm-up")
  func constant() {
    let schedule = ScheduleConfiguration(.constant, warmUp: .steps(2))
    let rates = (0..<4).map { schedule.rate(at: $0, rate: 1, stepsPerEpoch: 2, epochs: 2) }
    #expect(rates == [0.5, 1, 1, 1])
  }
}
