// Letters: n training examples, k features.
import Gradients
import Networks
import Projections
import Storage
import Synchronization
import Tensors

/// The store of the gradients that a run's steps take, while the run trains.
///
/// Seeds that train side by side share it; shards are written one at a time.
package final class StepGradientWriter: Sendable {
  /// Bytes of features in a shard.
  package static let standardShardBytes = 32 << 20

  /// The store of a run: `Projections/RUN/steps.h5`.
  package static func path(in folder: String) -> String { folder + "/steps.h5" }

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
  /// Visits of an epoch that are projected together at least; 1: each pass by itself.
  let pooledVisits: Int
  private let writer: Mutex<FeatureStoreWriter>

  /// Begins or resumes a store.
  ///
  /// - Parameters:
  ///   - visits: rows of each seed, epochs × n.
  ///   - shardBytes: of features in a shard; as much waits in memory for each seed.
  ///   - pooledVisits: that are projected together at least.
  /// - Throws: `StorageError` as `FeatureStoreWriter`; `MemoryError`.
  package init(
    path: String, projector: any Projector, function: OutputFunction, order: BatchOrder,
    visits: Int, seeds: [UInt64], dtype: StorageType = .float32, fingerprint: Fingerprint,
    overwrite: Bool = false, shardBytes: Int = StepGradientWriter.standardShardBytes,
    pooledVisits: Int = 1
  ) throws {
    self.pooledVisits = pooledVisits
    (self.projector, self.function, self.visits) = (projector, function, visits)
    (examples, batch) = (order.count, min(order.batch, order.count))
    let k = projector.dimension
    rowsPerShard = min(visits, max(1, shardBytes / max(1, k * dtype.byteCount)))
    try Memory.require(
      4 * Double(k) * Double(rowsPerShard + batch) * Double(min(seeds.count, Workers.count)),
      for: "saving gradients of \(k) features",
      remedy: "save fewer features (training.save.dimension).")
    writer = Mutex(
      try FeatureStoreWriter(
        path: path, rows: visits, columns: k, dtype: dtype,
        groups: seeds.map { StepGradientStore.group(seed: $0) },
        outputColumns: StepGradientStore.outputColumns, fingerprint: fingerprint,
        rowsPerShard: rowsPerShard, overwrite: overwrite))
  }

  /// How many visits are projected together: where examples are small or a projector makes its matrix
  /// anew at every call, a step's few cost much beside their products.
  ///
  /// Factors wait meanwhile: as many as fit into 32 MiB, or `Memory.standardBlockBytes` for a matrix made
  /// anew, up to 1,024, whatever the machine.
  ///
  /// - Returns: 1 where less than two steps fit: then workers project their parts of a batch.
  package static func pooledVisits(
    _ kind: ProjectorKind, in network: Network, batch: Int
  ) -> Int {
    let isDense = kind == .rademacher || kind == .gaussian
    let room = isDense ? Memory.standardBlockBytes : 32 << 20
    let count = min(1_024, room / max(1, network.footprint.bytes(functions: 1)))
    return count >= 2 * batch ? count : 1
  }

  /// Whether all rows before one are in finished shards.
  func hasRows(of seed: UInt64, before row: Int) -> Bool {
    let missing = writer.withLock {
      $0.missingRows(group: StepGradientStore.group(seed: seed)).first?.lowerBound
    }
    return (missing ?? .max) >= row
  }

  /// Writes the next rows, but for those whose shard is there.
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
  package func finish() throws {
    let stepsPerEpoch = (examples + batch - 1) / batch
    let steps = (0..<visits).map { visit in
      Int64(visit / examples * stepsPerEpoch + visit % examples / batch)
    }
    try writer.withLock {
      try $0.finish(ids: .integers((0..<visits).map { Int64($0) }), labels: .classes(steps))
    }
  }
}
