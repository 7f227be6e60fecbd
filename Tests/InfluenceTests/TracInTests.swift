// Letters: n training examples, m queries.
import Datasets
import Networks
import Runs
import Tensors
import TestSupport
import Testing

@testable import Gradients
@testable import Influence

@Suite("tracin")
struct TracInTests {
  @Test("by hand: two checkpoints of a line, rates ½ and ¼")
  func byHand() throws {
    // ½(wx + b − t)² at x = 1, t = 2 and the query x = 3, t = 1; g = residual · (x, 1).
    let data = Dataset(
      inputs: Tensor([1], shape: [1, 1]), targets: .values(Tensor([2], shape: [1, 1])))
    let query = Dataset(
      inputs: Tensor([3], shape: [1, 1]), targets: .values(Tensor([1], shape: [1, 1])))
    let network = Network.multilayerPerceptron(inputShape: [1], hidden: [], outputs: 1)
    let checkpoints = [([Float(0), 0], 0.5), ([1, 0], 0.25)].map { values, rate in
      ExactCheckpoint(
        name: "c", place: TrainingPlace(seed: 0, rate: rate),
        source: GradientSource(network: network, parameters: Tensor(values, shape: [2])),
        training: data)
    }
    let model = try Ensemble(
      checkpoints: checkpoints, training: data,
      options: ScoringOptions(method: .tracin, classification: false, exampleWeight: nil))
    // (0 − 2)(0 − 1)(3 + 1) = 8 and (1 − 2)(3 − 1)(3 + 1) = −8.
    #expect(abs(try model.scores(query)[0, 0] - (0.5 * 8 - 0.25 * 8)) < 1e-5)
    // 2²·2 and 1²·2.
    #expect(abs(try model.selfInfluence()[0] - (0.5 * 8 + 0.25 * 2)) < 1e-5)
    #expect(
      model.options.unit()
        == "fall of the query's loss by steps on the example alone, at the training's rates")
  }

  @Test(
    "the sum of dot products times rates over a seed's checkpoints, the mean over seeds",
    arguments: [UInt64(0), 1], [OutputFunction.loss, .margin])
  func sums(seed: UInt64, function: OutputFunction) throws {
    let data = Problem.classes(20, seed: seed)
    let queries = Problem.classes(5, seed: seed + 40)
    let sources = (0..<3).map { Problem.source(seed: seed + $0) }
    let places = [(0, 0.3), (0, 0.1), (1, 0.2)].map { TrainingPlace(seed: $0, rate: $1) }
    var expected = [Double](repeating: 0, count: 5 * 20)
    for (source, place) in zip(sources, places) {
      let products = Plain.products(
        try source.full(queries, function), try source.full(data, .loss))
      for (q, row) in products.enumerated() {
        for (i, value) in row.enumerated() {
          expected[q * 20 + i] += (place.rate ?? 0) * value / 2
        }
      }
    }
    let model = try Ensemble(
      checkpoints: ExactCheckpoint.sharing(
        sources.map { (name: "c", source: $0) }, places: places, training: data, method: .tracin),
      training: data,
      options: ScoringOptions(
        method: .tracin, classification: true, outputFunction: function, exampleWeight: nil))
    #expect(relativeDifference(try model.scores(queries).elements, expected) < 1e-5)
  }

  @Test("on a run, rates are those of its schedule, on the exact kernel and on features")
  func run() throws {
    let run = try DigitsRun()
    let influence = run.influence
    let queries = influence.data.test
    let model = try influence.ensemble(ScoringRequest(method: .tracin, kernel: .exact))
    #expect(model.checkpointNames.count == 4)
    // Rate 0.1 throughout: a tenth of graddot's mean over 2 × 2 checkpoints, times 2 of each seed.
    let graddot = try influence.ensemble(
      ScoringRequest(method: .graddot, checkpoints: .all, kernel: .exact)
    ).scores(queries).elements.map { 0.2 * Double($0) }
    #expect(relativeDifference(try model.scores(queries).elements, graddot) < 1e-5)
    try run.collect(.identity, k: 1, function: .logProbability)
    let features = try influence.ensemble(ScoringRequest(method: .tracin, kernel: .features))
    #expect(relativeDifference(try features.scores(queries).elements, graddot) < 1e-4)
  }

  @Test("the rate of a checkpoint is that of the last step before it, the first one's at epoch 0")
  func rates() throws {
    let line = try LineRun(", schedule: {kind: step, every: 1, factor: 0.5, warmupSteps: 2}")
    let places = try line.influence.run.places(
      of: (0...4).map { CheckpointReference(seed: 7, epoch: $0, path: "") })
    #expect(places.map(\.rate) == [0.1, 0.2, 0.1, 0.05, nil])
    #expect(places.allSatisfy { $0.seed == 7 })
  }

  @Test("checkpoints without a rate are refused by name, with what to do")
  func noRate() throws {
    let data = Problem.classes(5, seed: 0)
    let error = diagnosed {
      _ = try Ensemble(
        checkpoints: [
          ExactCheckpoint(name: "epoch-7", source: Problem.source(seed: 0), training: data)
        ], training: data,
        options: ScoringOptions(method: .tracin, classification: true, exampleWeight: nil))
    }
    #expect(
      error?.description == """
        error: tracin needs the learning rate that training had at each checkpoint
          at:  epoch-7
          fix: use graddot, which is per unit of learning rate, or write the `training` of these \
        weights, all its epochs, into the run file and import again
        """)
  }
}
