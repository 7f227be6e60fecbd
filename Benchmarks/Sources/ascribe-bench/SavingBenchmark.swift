// Letters: n examples, k features.
import Datasets
import Factors
import Foundation
import Gradients
import Networks
import Projections
import Storage
import Tensors
import Training

extension Benchmark {
  /// Gradients saved at steps against training, and against projecting and writing, by themselves.
  static let saving = Benchmark(
    name: "saving",
    summary: "an epoch that saves its steps' gradients, over one that does not and their storing"
  ) { bench in
    let data = Workload.images(20_000)
    let trainer = try Trainer(
      network: Workload.network, configuration: Workload.configuration(batch: 64, epochs: .max),
      data: data)
    let source = GradientSource(
      network: Workload.network, parameters: trainer.initialState().parameters)
    var rows: [BenchmarkRow] = []
    for (kind, k, dtype) in [
      (ProjectorKind.kronecker, 512, StorageType.float32), (.kronecker, 2_048, .float32),
      (.kronecker, 2_048, .float16),
    ] {
      let projector = try ProjectionChoice(kind: kind, dimension: k)
        .projector(for: source, .margin, data)
      let store = SavingStore(bench, projector, trainer.order, dtype)
      let factors = try store.factors(of: data, source)
      var (alone, storing) = (0.0, 0.0)
      var state = trainer.initialState()
      let times = try Comparison(rounds: bench.rounds(9)) {
        try seconds { try store.train(trainer, &state) }
      } against: {
        alone = try seconds { _ = try trainer.runEpoch(&state) }
        storing = try seconds { try store.write(factors) }
        return alone + storing
      }
      rows.append(
        BenchmarkRow(
          "save \(kind.rawValue) \(k) \(dtype.rawValue)", 1e3 * median(times.first), "ms",
          reference: "epoch alone \(text(1e3 * alone)), storing \(text(1e3 * storing)) ms",
          ratio: times.ratio
        ).atMost(1.1))
    }
    return rows
  }
}

/// The store of one epoch's visits, made by the training or from factors that are there.
private struct SavingStore {
  let path: String
  let projector: any Projector
  let order: BatchOrder
  let dtype: StorageType

  init(
    _ bench: Bench, _ projector: any Projector, _ order: BatchOrder, _ dtype: StorageType
  ) {
    path = bench.scratch + "/steps.h5"
    (self.projector, self.order, self.dtype) = (projector, order, dtype)
  }

  private func remove() {
    try? FileManager.default.removeItem(atPath: path)
    try? FileManager.default.removeItem(atPath: String(path.dropLast(3)) + ".shards")
  }

  /// The factors of all examples, as many at a time as `collect` projects.
  func factors(of data: Dataset, _ source: GradientSource) throws -> [ExampleGradients] {
    var blocks: [ExampleGradients] = []
    try source.forEachBlock(
      of: data, rows: nil, blockSize: FeatureCollection.blockSize, target: .output(.margin)
    ) { _, gradients, _ in blocks.append(gradients) }
    return blocks
  }

  func train(_ trainer: Trainer, _ state: inout TrainingState) throws {
    defer { remove() }
    let writer = try StepGradientWriter(
      path: path, projector: projector, function: .margin, order: order, visits: order.count,
      seeds: [trainer.seed], dtype: dtype, fingerprint: Fingerprint(["bench": "1"]),
      pooledVisits: StepGradientWriter.pooledVisits(
        projector.identity.kind, in: trainer.network, batch: order.batch))
    _ = try trainer.runEpoch(
      &state, hooks: TrainingHooks(),
      recorder: StepGradientRecorder(writer, seed: trainer.seed))
    try writer.finish()
  }

  /// Projects and writes, and nothing else.
  func write(_ factors: [ExampleGradients]) throws {
    defer { remove() }
    let writer = try FeatureStoreWriter(
      path: path, rows: order.count, columns: projector.dimension, dtype: dtype,
      groups: ["seed-0/steps"], outputColumns: StepGradientStore.outputColumns,
      fingerprint: Fingerprint(["bench": "1"]),
      rowsPerShard: max(
        1, StepGradientWriter.standardShardBytes / (projector.dimension * dtype.byteCount)))
    var row = 0
    for block in factors {
      try writer.write(
        group: "seed-0/steps", rows: row..<row + block.count,
        features: projector.project(block),
        outputs: Matrix(
          repeating: 1, rows: block.count, columns: StepGradientStore.outputColumns.count))
      row += block.count
    }
    let numbers = [Int64](repeating: 0, count: order.count)
    try writer.finish(ids: .integers(numbers), labels: .classes(numbers))
  }
}
