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

extension Benchmark {
  /// A bank of character models: 4 blocks, width 128, on halves of 2,000 passages of 128 characters.
  static let sequenceBank = Benchmark(
    name: "sequence-bank",
    summary: "a model of a bank of small GPT-2s over the same training alone on all threads"
  ) { bench in
    let sizes = GPT2Configuration(vocabulary: 65, context: 128, layers: 4, heads: 4, width: 128)
    let training = try BankTraining(
      models: bench.threads, network: .gpt2(sizes),
      configuration: TrainingConfiguration(optimizer: .adamw(), rate: 1e-3, batch: 16, epochs: 1),
      data: characters(
        bench.isQuick ? 400 : 2_000, length: sizes.context, vocabulary: sizes.vocabulary))
    let times = try Comparison(
      rounds: bench.rounds(5), training.secondsOfModel, against: training.secondsAlone)
    return [
      BenchmarkRow(
        "character model of a bank, half an epoch", median(times.first), "s",
        reference: "alone \(text(median(times.second))) s", ratio: times.ratio
      ).atMost(1)
    ]
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
    try self.init(
      models: models, network: network,
      configuration: Workload.configuration(batch: 64, epochs: epochs), data: data)
  }

  init(
    models: Int, network: Network, configuration: TrainingConfiguration, data: Dataset
  ) throws {
    trainers = try (0..<models).map { model in
      let half = BatchOrder(count: data.count, batch: configuration.batch, seed: UInt64(model))
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

  /// Seconds of one model with all workers at its products.
  func secondsAlone() throws -> Double { try seconds { _ = try trainers[0].train() } }
}
