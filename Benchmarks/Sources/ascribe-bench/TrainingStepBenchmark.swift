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
      let targets = TargetValues(data.targets)
      let bare = BareTraining(
        Workload.network,
        batches: (0..<steps).map { step in
          let rows = step * batch..<(step + 1) * batch
          return (data.inputs.prefixSlice(rows), targets.gathered(Array(rows)))
        })
      let loop = { try seconds { _ = try trainer.runEpoch(&state) } / Double(steps) }
      let step = { try seconds { try bare.run() } / Double(steps) }
      guard let peer else {
        let times = try Comparison(rounds: bench.rounds(9), loop, against: step)
        rows += [
          BenchmarkRow(
            "training step, batch \(batch)", 1e6 * median(times.first), "µs",
            reference: TorchTraining.absent
          ).atMost(1),
          BenchmarkRow(
            "bare step, batch \(batch)", 1e6 * median(times.second), "µs",
            reference: TorchTraining.absent),
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
