import Datasets
import Networks
import Randomness
import Tensors
import TestSupport
import Testing

@testable import Runs
@testable import Training

/// What every family's training owes to its examples, against the training made again with other
/// weights.
@Suite("Exact derivatives of a run")
struct RunDerivativeTests {
  @Test("weights moved a little move the outputs as predicted", arguments: ReplayCase.all)
  func differences(_ replayed: ReplayCase) throws {
    let bench = try RunBench()
    let run = try replayed.train(in: bench)
    let data = try run.loadData()
    let replay = try Replay(run, data: data.train)
    let function: OutputFunction = if case .values = data.train.targets { .loss } else { .margin }
    let found = try RunDerivative(replay, of: function).byWeights(of: data.test)
    let network = replay.trainer.network
    func outputs(_ step: Float, along direction: [Float]) throws -> [Double] {
      let trainer = try Trainer(
        network: network, configuration: replay.trainer.configuration, data: data.train,
        seed: replay.seed, weights: direction.map { 1 + step * $0 })
      let outputs = network.uncheckedOutputs(
        data.test.inputs, parameters: try trainer.train().parameters)
      return function.values(outputs, TargetValues(data.test.targets)).map { Double($0) }
    }
    // All weights at once, up or down: what rounding leaves of the difference is small beside it.
    let draws = RandomStream(seed: 7, purpose: .subset, index: 0)
    let direction = (0..<data.train.count).map { index -> Float in
      draws.sample(data.train.count / 2, of: data.train.count).contains(index) ? 1 : -1
    }
    // Two steps: kinks that a step jumps over show in both, rounding in the smaller one.
    let differences = try [Float(0.02), 0.005].map { step in
      let (up, down) = (
        try outputs(step, along: direction), try outputs(-step, along: direction)
      )
      return zip(up, down).map { ($0 - $1) / Double(2 * step) }
    }
    let predicted = (0..<found.rows).map { row in
      (0..<found.columns).reduce(0.0) { $0 + found[row, $1] * Double(direction[$1]) }
    }
    let size = predicted.map { abs($0) }.max() ?? 0
    #expect(size > 0)
    for (query, value) in predicted.enumerated() {
      let errors = differences.map { abs($0[query] - value) / size }
      #expect((errors.min() ?? 1) < 0.02, "query \(query): \(value), \(differences.map { $0[query] })")
    }
  }
}
