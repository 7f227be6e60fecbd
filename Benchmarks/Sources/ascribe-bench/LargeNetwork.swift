// Letters: n training examples, m queries.
import Datasets
import Foundation
import Gradients
import Influence
import Networks
import Projections
import Tensors
import Training

/// A network as people bring them with its examples, and what is measured of it.
struct LargeNetwork {
  let data, queries: Dataset
  let source: GradientSource
  /// Flops of a forward and a backward pass over all training examples.
  let passFlops: Double

  /// Forward and backward over all training examples, in batches of 32.
  private func passes() throws {
    let targets = TargetValues(data.targets)
    for rows in (0..<data.count).blocks(of: 32) {
      _ = try source.network.lossGradient(
        data.inputs.prefixSlice(rows), targets.gathered(Array(rows)),
        parameters: source.parameters, loss: .crossEntropy)
    }
  }

  /// Scores on the exact kernel of the first `count` training examples, or of all.
  private func scores(
    _ method: Influence.Method, of queries: Dataset, training count: Int? = nil
  ) throws -> Matrix<Float> {
    let training = count.map { data.subset(Array(0..<$0)) } ?? data
    return try Ensemble(
      checkpoints: ExactCheckpoint.sharing(
        [(name: "bench", source: source)], training: training, method: method),
      training: training,
      options: ScoringOptions(method: method, classification: true, exampleWeight: nil),
      // As every run trained here has them: without, damping takes a kernel of its own.
      trajectoryResiduals: [Float](repeating: 0.5, count: training.count)
    ).scores(queries)
  }

  /// A query of `graddot`.
  private func graddot() throws { _ = try scores(.graddot, of: queries.subset([0])) }

  /// Features of all training examples by `kronecker`.
  private func collect() throws {
    let projector = try ProjectionChoice(kind: .kronecker, dimension: 2_048).projector(
      for: source, .loss, data)
    try source.forEachFeatures(
      of: data, atMost: FeatureCollection.blockSize, projector: projector, target: .output(.loss)
    ) { _, _ in }
  }

  /// Passes over SGEMM, `graddot` and `kronecker` over passes, exact TRAK over its flops.
  ///
  /// - Parameters:
  ///   - kernelFlops: of exact TRAK.
  ///   - count: training examples of it; nil: all.
  func rows(
    _ name: String, kernelFlops: Double, training count: Int? = nil, _ bench: Bench
  ) throws -> [BenchmarkRow] {
    [
      try passRow("\(name) forward + backward", bench),
      try overPasses("\(name) graddot, one query", bench, graddot).atMost(4),
      try SGEMM().compare("\(name) exact TRAK", flops: kernelFlops, rounds: bench.rounds(3)) {
        _ = try scores(.trak, of: queries, training: count)
      }.atMost(2.5),
      try overPasses("\(name) kronecker to 2,048", bench, collect).atMost(1.5),
    ]
  }

  /// The passes' rate over that of SGEMM.
  private func passRow(_ name: String, _ bench: Bench) throws -> BenchmarkRow {
    let product = SGEMM()
    let rate = try Comparison(rounds: bench.rounds(3), warmUp: !bench.isQuick) {
      try seconds { try passes() }
    } against: {
      product.time()
    }
    let (own, plain) = (passFlops / median(rate.first), SGEMM.flops / median(rate.second))
    return BenchmarkRow(
      name, 1e-9 * own, "GF/s", reference: "SGEMM \(text(1e-9 * plain)) GF/s", ratio: own / plain
    ).atLeast(0.5)
  }

  /// Work in turn with passes over the training examples.
  private func overPasses(
    _ name: String, _ bench: Bench, _ work: () throws -> Void
  ) throws -> BenchmarkRow {
    let times = try Comparison(rounds: bench.rounds(3), warmUp: false) {
      try seconds(work)
    } against: {
      try seconds(passes)
    }
    return BenchmarkRow(
      name, median(times.first), "s",
      reference: "forward and backward \(text(median(times.second))) s", ratio: times.ratio)
  }

  /// Seconds of an example beside traker's: a query of `graddot`, exact TRAK, and `kronecker`; none where
  /// Python has no traker.
  ///
  /// - Parameters:
  ///   - peer: what the script calls the network.
  ///   - count: training examples of exact TRAK; nil: all.
  func rowsBesideTraker(
    _ name: String, _ peer: String, training count: Int? = nil, _ bench: Bench
  ) throws -> [BenchmarkRow] {
    guard
      let traker = try TorchTraining.library(
        script: "bench_traker_large.py", arguments: [peer, "\(bench.threads)"], bench: bench)
    else { return [] }
    defer { traker.stop() }
    let theirs = try traker.answer()
    func row(_ what: String, of examples: Int, _ work: () throws -> Void) throws -> BenchmarkRow {
      let own = try seconds(work) / Double(examples)
      return BenchmarkRow(
        "\(name) \(what), an example", 1e3 * own, "ms",
        reference: "traker \(traker.version) \(text(theirs)) s", ratio: theirs / own
      ).atLeast(20)
    }
    return [
      try row("graddot, one query", of: data.count, graddot),
      try row("exact TRAK", of: count ?? data.count) {
        _ = try scores(.trak, of: queries, training: count)
      },
      try row("kronecker to 2,048", of: data.count, collect),
    ]
  }

  /// A training step beside PyTorch's.
  ///
  /// - Parameter script: answers by the seconds of `steps` steps.
  func step(
    _ name: String, _ configuration: TrainingConfiguration, script: String, arguments: [String],
    steps: Int, _ bench: Bench
  ) throws -> BenchmarkRow {
    let trainer = try Trainer(
      network: source.network, configuration: configuration,
      data: data.subset(Array(0..<min(data.count, configuration.batch * steps))))
    var state = trainer.initialState()
    let own = { try seconds { _ = try trainer.runEpoch(&state) } / Double(steps) }
    guard let peer = try TorchTraining(script: script, arguments: arguments, bench: bench) else {
      let times = try (0..<bench.rounds(5)).map { _ in try own() }
      return BenchmarkRow(name, 1e3 * median(times), "ms", reference: TorchTraining.absent)
        .atMost(1)
    }
    defer { peer.stop() }
    let times = try Comparison(rounds: bench.rounds(5), own) {
      try peer.answer() / Double(steps)
    }
    return BenchmarkRow(
      name, 1e3 * median(times.first), "ms",
      reference: "PyTorch \(peer.version) \(text(1e3 * median(times.second))) ms",
      ratio: times.ratio
    ).atMost(1)
  }
}
