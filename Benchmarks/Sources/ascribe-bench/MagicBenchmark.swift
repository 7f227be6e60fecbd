// Letters: n training examples, Q queries.
import Datasets
import Foundation
import Networks
import Runs
import Tensors
import Training

extension Benchmark {
  /// Exact derivatives of a run over the run itself.
  static let magic = Benchmark(
    name: "magic",
    summary: "one query, and each further one, back through a recorded training, over that training"
  ) { bench in
    let (n, epochs, further) = (bench.isQuick ? 1_000 : 5_000, 5, 99)
    let data = Workload.images(n)
    let run = try recorded(data, epochs: epochs, in: bench.scratch)
    let queries = Workload.images(1 + further, index: 5)
    let replay = try Replay(run)
    let derivative = try RunDerivative(replay, of: .margin)
    func train() throws -> Double {
      let trainer = try Trainer(
        network: replay.trainer.network, configuration: replay.trainer.configuration,
        data: run.loadData().train, seed: replay.seed)
      return try seconds { _ = try trainer.train() }
    }
    let one = try Comparison(
      rounds: bench.rounds(5),
      { try seconds { _ = try derivative.byWeights(of: queries.subset([0])) } },
      against: train)
    let all = try Comparison(
      rounds: bench.rounds(3), { try seconds { _ = try derivative.byWeights(of: queries) } },
      against: train)
    let each = (median(all.first) - median(one.first)) / Double(further)
    return [
      BenchmarkRow(
        "magic, one query", median(one.first), "s",
        reference: "the training \(text(1e3 * median(one.second))) ms", ratio: one.ratio
      ).atMost(6),
      BenchmarkRow(
        "magic, each further query", 1e3 * each, "ms",
        reference: "the training \(text(1e3 * median(all.second))) ms",
        ratio: each / median(all.second)),
    ]
  }

  /// A run of the benchmarks' network on images, its files in a folder.
  private static func recorded(_ data: Dataset, epochs: Int, in folder: String) throws -> Run {
    let classes = data.classes ?? []
    func word(_ value: Int) -> [UInt8] {
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
    let largest = data.inputs.elements.max() ?? 1
    let pixels = data.inputs.elements.map { UInt8(255 * $0 / largest) }
    let images = [0x803, data.count, 28, 28].flatMap(word) + pixels
    let labels = [0x801, data.count].flatMap(word) + classes.map { UInt8($0) }
    try Data(images).write(to: URL(fileURLWithPath: folder + "/magic-images.idx"))
    try Data(labels).write(to: URL(fileURLWithPath: folder + "/magic-labels.idx"))
    let text = """
      name: magic
      data:
        train: {format: idx, images: magic-images.idx, labels: magic-labels.idx}
        split: {test: 0}
      model: {kind: mlp, hidden: [128, 64], activation: relu}
      training: {rate: 0.01, momentum: 0.9, batch: 64, epochs: \(epochs), seed: 0}
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/magic.yaml"))
    return try TrainingJob(
      try RunConfiguration(contentsOf: folder + "/magic.yaml"),
      checkpointsFolder: folder + "/Checkpoints"
    ).run().run
  }
}
