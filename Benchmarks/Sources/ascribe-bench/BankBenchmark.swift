import Datasets
import Networks
import Tensors
import Training

extension Benchmark {
  /// Many small models against a loop over them.
  static let bank = Benchmark(
    name: "bank",
    summary: "how many times as fast as PyTorch many models are trained on halves of 5,000 images"
  ) { bench in
    let (models, epochs) = (2 * bench.threads, 5)
    let training = try BankTraining(models: models, epochs: epochs)
    let peers: [(name: String, threads: Int, processes: Int)] = [
      ("PyTorch, \(bench.threads) threads", bench.threads, 1), ("PyTorch, 1 thread", 1, 1),
      ("\(bench.threads) PyTorch processes", 1, bench.threads),
    ]
    return try peers.enumerated().map { index, peer in
      let name = "model of a bank, an epoch"
      let scale = 1e3 / Double(epochs)
      guard
        let torch = try TorchTraining(
          script: "bench_bank.py",
          arguments: [
            "--epochs", "\(epochs)", "--threads", "\(peer.threads)", "--processes",
            "\(peer.processes)",
          ], bench: bench)
      else {
        let own = try (0..<bench.rounds(9)).map { _ in try training.secondsOfModel() }
        return BenchmarkRow(
          name, scale * median(own), "ms",
          reference: TorchTraining.absent
        ).atLeast(3)
      }
      defer { torch.stop() }
      let times = try Comparison(
        rounds: bench.rounds(9), torch.answer, against: training.secondsOfModel)
      let row = BenchmarkRow(
        name, scale * median(times.second), "ms",
        reference: "\(peer.name) \(text(scale * median(times.first))) ms", ratio: times.ratio)
      return index == 0 ? row.atLeast(3) : row
    }
  }
}

/// The training of a retraining bank: models on random halves, one a worker.
///
/// Several models a worker, layer by layer, take 1.15 (two) to 1.3 times (eight) as long a step: their
/// parameters and buffers no longer fit the second-level cache together.
private struct BankTraining: Sendable {
  private let trainers: [Trainer]

  init(models: Int, epochs: Int) throws {
    let data = Workload.images(5_000)
    let network = Network.multilayerPerceptron(
      inputShape: [784], hidden: [128, 64], outputs: 10, dropout: 0.1)
    let configuration = Workload.configuration(batch: 64, epochs: epochs)
    trainers = try (0..<models).map { model in
      let half = BatchOrder(count: data.count, batch: 64, seed: UInt64(model))
        .permutation(epoch: 1).prefix(data.count / 2).sorted()
      return try Trainer(
        network: network, configuration: configuration, data: data, rows: half,
        seed: UInt64(model))
    }
  }

  /// Seconds of all models together over their number.
  func secondsOfModel() throws -> Double {
    let total = try seconds {
      try Workers.map(slices: trainers.count) { _ = try trainers[$0].train() }
    }
    return total / Double(trainers.count)
  }
}
