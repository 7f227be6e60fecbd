import Networks
import Tensors
import Training

extension Benchmark {
  /// Trainer against PyTorch.
  static let trainingStep = Benchmark(
    name: "training-step",
    summary: "a step of SGD with momentum, all signals kept, over PyTorch's on the same threads"
  ) { bench in
    var rows: [BenchmarkRow] = []
    for (batch, steps) in [(64, 150), (512, 40)] {
      let peer = try TorchTraining(
        script: "bench_training.py",
        arguments: [
          "--serve", "--batch", "\(batch)", "--steps", "\(steps)", "--threads",
          "\(bench.threads)",
        ], bench: bench)
      defer { peer?.stop() }
      let data = Workload.images(batch * steps)
      let trainer = try Trainer(
        network: Workload.network,
        configuration: Workload.configuration(batch: batch, epochs: .max), data: data)
      var state = trainer.initialState()
      let bare = BareTraining(
        batch: batch, steps: steps, data: TargetValues(data.targets), data.inputs)
      let loop = { try seconds { _ = try trainer.runEpoch(&state) } / Double(steps) }
      let step = { seconds { bare.run() } / Double(steps) }
      guard let peer else {
        let times = try Comparison(rounds: bench.rounds(9), loop, against: step)
        let absent = "PyTorch not found (set ASCRIBE_BENCH_PYTHON)"
        rows += [
          BenchmarkRow(
            "training step, batch \(batch)", 1e6 * median(times.first), "µs", reference: absent
          ).atMost(1),
          BenchmarkRow(
            "bare step, batch \(batch)", 1e6 * median(times.second), "µs", reference: absent),
        ]
        continue
      }
      let full = try Comparison(rounds: bench.rounds(9), loop, against: peer.answer)
      let short = try Comparison(rounds: bench.rounds(9), step, against: peer.answer)
      rows += [
        BenchmarkRow(
          "training step, batch \(batch)", 1e6 * median(full.first), "µs",
          reference: "PyTorch \(peer.version) \(text(1e6 * median(full.second))) µs",
          ratio: full.ratio
        ).atMost(1),
        BenchmarkRow(
          "bare step, batch \(batch)", 1e6 * median(short.first), "µs",
          reference: "PyTorch \(peer.version) \(text(1e6 * median(short.second))) µs",
          ratio: short.ratio),
      ]
    }
    return rows
  }
}

/// Forward, backward and optimizer alone: no shuffle, no signals, batches cut beforehand.
private final class BareTraining {
  private let batches: [(Tensor, TargetValues)]
  private var state: TrainingState
  private let scale: Float

  init(batch: Int, steps: Int, data: TargetValues, _ inputs: Tensor) {
    batches = (0..<steps).map { step in
      let rows = step * batch..<(step + 1) * batch
      return (inputs.prefixSlice(rows), data.gathered(Array(rows)))
    }
    state = TrainingState(
      parameters: Workload.network.initialParameters(seed: 0), optimizer: .sgd(momentum: 0.9))
    scale = 1 / Float(batch)
  }

  func run() {
    var state = state
    defer { self.state = state }
    for (x, y) in batches {
      let (gradient, _) = Workload.network.lossGradient(
        x, y, parameters: state.parameters, loss: .crossEntropy, scale: scale)
      state.optimizer.update(
        &state.parameters, gradient: gradient, rate: 0.01, step: state.step)
      state.step += 1
    }
  }
}
