// Letters: n training examples, k features.
import Datasets
import Gradients
import LinearAlgebra
import Networks
import Projections
import Storage
import Synchronization
import Tensors

/// The store of the gradients that a run's steps take, while the run trains.
///
/// Seeds that train side by side share it; shards are written one at a time.
final class StepGradientWriter: Sendable {
  /// The store of a run: `Projections/RUN/steps.h5`.
  static func path(in folder: String) -> String { folder + "/steps.h5" }

  let projector: any Projector
  /// f of the residuals −∂ℓ/∂f.
  let function: OutputFunction
  /// n.
  let examples: Int
  /// Examples of a step.
  let batch: Int
  /// Rows of each group.
  let visits: Int
  let rowsPerShard: Int
  private let writer: Mutex<FeatureStoreWriter>

  /// Begins or resumes the store.
  ///
  /// - Parameters:
  ///   - shardBytes: of features in a shard; as much waits in memory for each seed.
  /// - Throws: `TrainingError.savingDimension`; `StorageError` as `FeatureStoreWriter`.
  init(
    _ saving: GradientSaving, _ training: TrainingConfiguration, record: RunRecord,
    network: Network, data: Dataset, path: String, overwrite: Bool, shardBytes: Int = 32 << 20
  ) throws {
    function = saving.function(for: data)
    projector = try saving.projector(for: network, function, data)
    examples = data.count
    batch = min(training.batch, data.count)
    let (visits, overflow) = data.count.multipliedReportingOverflow(by: training.epochs)
    self.visits = overflow ? .max : visits
    let k = projector.dimension
    rowsPerShard = min(self.visits, max(1, shardBytes / max(1, k * saving.dtype.byteCount)))
    let seeds = Double(min(record.seeds.count, Workers.count))
    try Memory.require(
      4 * Double(k) * Double(rowsPerShard + 2 * batch) * seeds,
      for: "saving gradients of \(k) features", remedy: "save fewer features (save.dimension).")
    writer = Mutex(
      try FeatureStoreWriter(
        path: path, rows: self.visits, columns: k, dtype: saving.dtype,
        groups: record.seeds.map { StepGradientStore.group(seed: $0) },
        outputColumns: StepGradientStore.outputColumns,
        fingerprint: saving.fingerprint(
          record, network: network, projector: projector.identity, function: function),
        rowsPerShard: rowsPerShard, overwrite: overwrite))
  }

  /// Whether all rows before one are in finished shards.
  func hasRows(of seed: UInt64, before row: Int) -> Bool {
    let missing = writer.withLock {
      $0.missingRows(group: StepGradientStore.group(seed: seed)).first?.lowerBound
    }
    return (missing ?? .max) >= row
  }

  /// Writes one whole shard, unless it is there.
  func write(
    seed: UInt64, rows: Range<Int>, features: Matrix<Float>, outputs: Matrix<Float>
  ) throws {
    try writer.withLock {
      try $0.write(
        group: StepGradientStore.group(seed: seed), rows: rows, features: features,
        outputs: outputs)
    }
  }

  /// Writes the main file: ids are the visits' numbers, labels the steps'.
  func finish() throws {
    let stepsPerEpoch = (examples + batch - 1) / batch
    let steps = (0..<visits).map { visit in
      Int64(visit / examples * stepsPerEpoch + visit % examples / batch)
    }
    try writer.withLock {
      try $0.finish(ids: .integers((0..<visits).map { Int64($0) }), labels: .classes(steps))
    }
  }
}
