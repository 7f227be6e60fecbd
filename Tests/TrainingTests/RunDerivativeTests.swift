import Datasets
import Foundation
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
  /// Smooth activations, and an ε at which Adam divides by no near-zero: with kinks, or steps of one
  /// size whatever the gradient, differences over weights find another slope than the derivative.
  static let smooth = [
    ReplayCase(
      name: "mlp, dropout, momentum, cosine", data: ReplayCase.points,
      model: "{hidden: [6], activation: tanh, dropout: 0.2}",
      training: "momentum: 0.9, rate: 0.1, schedule: cosine, epochs: 5"),
    ReplayCase(
      name: "mlp, frozen, micro-batches, adam, warm-up", data: ReplayCase.points,
      model: "{hidden: [6, 5], activation: gelu, dropout: 0.2}",
      training: "optimizer: adam, epsilon: 0.1, rate: 0.05, weightDecay: 0.01, microBatch: 3, "
        + #"epochs: 3, schedule: {warmupSteps: 4}, freeze: ["0"]"#),
    ReplayCase(
      name: "linear, sgd, decay, steps", data: ReplayCase.numbers, model: "{kind: linear}",
      training: "rate: 0.05, weightDecay: 0.1, epochs: 4, "
        + "schedule: {kind: step, every: 2, factor: 0.5}"),
    ReplayCase(
      name: "cnn, augmented, nesterov", data: ReplayCase.images,
      model: "{kind: cnn, channels: [3], hidden: [5], activation: tanh, dropout: 0.1}",
      training: "momentum: 0.8, nesterov: true, rate: 0.02, epochs: 3, "
        + "augment: {flip: horizontal, crop: 1}"),
    ReplayCase(
      name: "cnn, batch norm, adamw, augmented", data: ReplayCase.images,
      model: "{kind: cnn, channels: [2, 3], activation: tanh, normalisation: batch}",
      training: "optimizer: adamw, epsilon: 0.1, rate: 0.02, epochs: 3, augment: {crop: 2}"),
    ReplayCase(
      name: "vit, adamw, warm-up, augmented", data: ReplayCase.images,
      model: "{kind: vit, layers: 1, heads: 2, width: 8, patch: 4, dropout: 0.1}",
      training: "optimizer: adamw, epsilon: 0.1, rate: 0.02, epochs: 2, "
        + "schedule: {kind: cosine, warmup: 0.5}, augment: {flip: horizontal}"),
    ReplayCase(
      name: "bert, adam", data: ReplayCase.names,
      model: "{kind: bert, layers: 1, heads: 2, width: 8, dropout: 0.1, attentionDropout: 0.1}",
      training: "optimizer: adam, epsilon: 0.1, rate: 0.05, epochs: 3"),
    ReplayCase(
      name: "gpt2, parts, micro-batches, momentum", data: ReplayCase.passages(length: 64),
      model: "{kind: gpt2, layers: 1, heads: 2, width: 8, dropout: 0.1, attentionDropout: 0.1}",
      training: "momentum: 0.9, rate: 0.01, microBatch: 6, epochs: 2"),
    ReplayCase(
      name: "llama, adamw", data: ReplayCase.passages(length: 16),
      model: "{kind: llama, layers: 1, heads: 2, width: 8, tied: true}",
      training: "optimizer: adamw, epsilon: 0.1, rate: 0.05, epochs: 2"),
    ReplayCase(
      name: "gpt2, adapters, adamw", data: ReplayCase.passages(length: 16),
      model: "{kind: gpt2, layers: 1, heads: 2, width: 8}",
      training: "optimizer: adamw, epsilon: 0.1, rate: 0.1, epochs: 3",
      more: "lora: {rank: 2, targets: [c_attn]}"),
  ]

  @Test("weights moved a little move the outputs as predicted", arguments: smooth)
  func differences(_ work: ReplayCase) throws {
    let bench = try RunBench()
    let run = try work.train(in: bench)
    let data = try run.loadData()
    let replay = try Replay(run, data: data.train)
    let function: OutputFunction = if case .values = data.train.targets { .loss } else { .margin }
    let found = try RunDerivative(replay, of: function).byWeights(of: data.test)
    // All weights at once, up or down: what rounding leaves of the difference is small beside it.
    let half = RandomStream(seed: 7, purpose: .subset).sample(
      data.train.count / 2, of: data.train.count)
    let direction = (0..<data.train.count).map { Float(half.contains($0) ? 1 : -1) }
    func outputs(_ step: Float) throws -> [Double] {
      let trainer = try Trainer(
        network: replay.trainer.network, configuration: replay.trainer.configuration,
        data: data.train, seed: replay.seed, weights: direction.map { 1 + step * $0 })
      let outputs = replay.trainer.network.uncheckedOutputs(
        data.test.inputs, parameters: try trainer.train().parameters)
      return function.values(outputs, TargetValues(data.test.targets)).map { Double($0) }
    }
    // Central differences without their h² term.
    func difference(_ step: Float) throws -> [Double] {
      zip(try outputs(step), try outputs(-step)).map { ($0 - $1) / Double(2 * step) }
    }
    let (wide, narrow) = (try difference(0.002), try difference(0.001))
    let expected = zip(wide, narrow).map { (4 * $1 - $0) / 3 }
    let predicted = (0..<found.rows).map { row in
      (0..<found.columns).reduce(0.0) { $0 + found[row, $1] * Double(direction[$1]) }
    }
    let size = expected.map { abs($0) }.max() ?? 0
    #expect(size > 1e-3)
    for (query, (a, b)) in zip(predicted, expected).enumerated() {
      // 2e-3: what rounding of f leaves over a step of 1e-3.
      #expect(abs(a - b) < 0.02 * size + 2e-3, "query \(query): \(a), \(b)")
    }
  }
}

@Suite("Sweeps that stop")
struct KeptSweepTests {
  private struct Stop: Error {}

  @Test("a sweep goes on from where it stopped, with the same bits, in any blocks of queries")
  func resumed() throws {
    let work = try #require(RunDerivativeTests.smooth.first { $0.name.contains("batch norm") })
    let bench = try RunBench()
    let run = try work.train(in: bench)
    let data = try run.loadData()
    let derivative = try RunDerivative(try Replay(run, data: data.train), of: .margin)
    let whole = try derivative.byWeights(of: data.test).elements
    func files() throws -> [String] {
      try bench.folder.contents(of: "Projections/tiny").keys.filter { $0.contains("sweep") }
    }
    // Stopped in the first stretch, with nothing kept, and after others.
    for stop in [0, 1] {
      var calls = 0
      #expect(throws: Stop.self) {
        try derivative.byWeights(of: data.test, keptEvery: .zero) { _, _ in
          calls += 1
          if calls > stop { throw Stop() }
        }
      }
      #expect(try files().count == (stop == 0 ? 0 : 1))
    }
    var first: Int?
    let resumed = try derivative.byWeights(of: data.test) { done, _ in first = first ?? done }
    #expect(resumed.elements.map(\.bitPattern) == whole.map(\.bitPattern))
    let stretches = try #require(first)
    #expect(stretches > data.test.count, "it began anew")
    #expect(try files().isEmpty)
    let alone = try derivative.byWeights(of: data.test, memoryBytes: 1)
    #expect(alone.elements.map(\.bitPattern) == whole.map(\.bitPattern))
    let serial = try Execution.with(workers: 1) { try derivative.byWeights(of: data.test) }
    #expect(serial.elements.map(\.bitPattern) == whole.map(\.bitPattern))
  }

  @Test("a file of another sweep, or a damaged one, is not taken up")
  func others() throws {
    let bench = try RunBench()
    let run = try bench.job(seeds: 1).run().run
    let data = try run.loadData()
    let derivative = try RunDerivative(try Replay(run, data: data.train), of: .margin)
    let part = data.test.subset([0, 1])
    let whole = try derivative.byWeights(of: part).elements
    func stop() throws {
      #expect(throws: Stop.self) {
        try derivative.byWeights(of: part, keptEvery: .zero) { done, total in
          if done > total / 2 { throw Stop() }
        }
      }
    }
    try stop()
    let path = try #require(
      bench.folder.contents(of: "Projections/tiny").keys.first { $0.contains("sweep") })
    // Other queries have a file of their own, and leave this one.
    _ = try derivative.byWeights(of: data.test.subset([2]))
    let file = URL(fileURLWithPath: bench.folder / ("Projections/tiny/" + path))
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: file)
    #expect(try derivative.byWeights(of: part).elements == whole)
  }
}

@Suite("The smoothness of a training")
struct TrainingSmoothnessTests {
  @Test("of outputs that are linear in the weights it is 1, and the same for any worker count")
  func linear() throws {
    let work = try #require(RunDerivativeTests.smooth.first { $0.name.contains("linear") })
    let bench = try RunBench()
    let run = try work.train(in: bench)
    let data = try run.loadData()
    let replay = try Replay(run, data: data.train)
    let (network, targets) = (replay.trainer.network, TargetValues(data.test.targets))
    func smoothness(_ workers: Int) throws -> TrainingSmoothness {
      try Execution.with(workers: workers) {
        try TrainingSmoothness(of: replay, data: data.train, removed: 0.1) { parameters in
          OutputFunction.prediction.values(
            network.uncheckedOutputs(data.test.inputs, parameters: parameters), targets)
        }
      }
    }
    let found = try smoothness(1)
    #expect(found.correlation > 0.99 && found.correlation <= 1)
    #expect(found.removed == 2.0 / 19 && found.subsets == 2)
    #expect(try smoothness(2) == found)
  }
}
