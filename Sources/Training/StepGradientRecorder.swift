// Letters: B batch, k features.
import Checkpoints
import Factors
import Gradients
import Networks
import Projections
import Storage
import Tensors

/// The visits of one seed on their way into the store: those of the shard that is being filled wait
/// in memory, and are kept with the state to resume from.
///
///     resume/visits-000010.safetensors      the waiting visits since the file before it
package final class StepGradientRecorder {
  let store: StepGradientWriter
  let seed: UInt64
  /// The visit that the shard being filled begins with.
  private var start = 0
  /// Visits that wait.
  private var waiting = 0
  /// Visits up to here are in finished shards or in files to resume from.
  private var saved = 0
  /// Visits that wait to be projected together.
  private var pooled = 0
  private var rows: StepRows

  /// A recorder before the first step.
  package init(_ store: StepGradientWriter, seed: UInt64) {
    (self.store, self.seed) = (store, seed)
    rows = StepRows(store)
  }

  /// Whether all visits are in finished shards.
  var isComplete: Bool { store.hasRows(of: seed, before: store.visits) }

  /// Room for the visits of the next step.
  var next: StepRows { rows.from(waiting) }

  /// Adds the visits of a step, whose room is filled.
  ///
  /// - Parameter examples: their places in the training set.
  func append(examples: [Int], rate: Double) throws {
    let room = next
    for (row, example) in examples.enumerated() {
      room.write(rate: rate, example: example, at: row)
    }
    waiting += examples.count
    try projectPool(after: examples.count)
    while start < store.visits {
      let end = min(store.visits, start + store.rowsPerShard)
      guard start + waiting >= end else { return }
      let shard = rows.shard(end - start)
      try store.write(
        seed: seed, rows: start..<end, features: shard.features, outputs: shard.outputs)
      waiting -= end - start
      start = end
      rows.shift(waiting)
    }
  }

  /// Projects the visits that wait for each other, if there are enough, or an epoch or a shard ends:
  /// the same cuts after any resume.
  private func projectPool(after count: Int) throws {
    pooled += count
    guard
      pooled >= store.pooledVisits || (start + waiting) % store.examples == 0
        || waiting >= store.rowsPerShard
    else { return }
    pooled = 0
    do {
      try rows.projectPool()
    } catch {
      throw TrainingError(
        error, seed: seed, epoch: (start + waiting - 1) / store.examples + 1)
    }
  }

  // MARK: Resuming

  private static let prefix = "visits-"

  private func file(_ folder: String, through epoch: Int) -> String {
    let digits = String(epoch)
    let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
    return "\(folder)/\(StepGradientRecorder.prefix)\(zeros)\(digits).safetensors"
  }

  /// Saves what waits and is in no file yet, before the state of that epoch is saved.
  func save(to folder: String, epoch: Int) throws {
    let first = max(saved, start)
    saved = start + waiting
    guard first < saved else { return }
    try makeFolder(folder)
    let values = rows.copied(first - start..<saved - start)
    try SafetensorsFile.write(
      [("features", Tensor(values.features)), ("outputs", Tensor(values.outputs))],
      metadata: ["first": "\(first)"], to: file(folder, through: epoch))
  }

  /// Deletes the files whose visits are all in finished shards.
  func removeFinished(in folder: String) throws {
    for (path, epoch) in files(in: folder) where epoch * store.examples <= start {
      try removeIfPresent(path)
    }
  }

  /// Takes up where the state of an epoch was saved.
  ///
  /// - Returns: whether all visits before it are there; else the training begins anew.
  /// - Throws: `CheckpointError` for files that changed or do not fit.
  func resume(from folder: String, epoch: Int) throws -> Bool {
    let end = epoch * store.examples
    start = end / store.rowsPerShard * store.rowsPerShard
    waiting = 0
    for (path, through) in files(in: folder) {
      if through > epoch {
        try removeIfPresent(path)
      } else if through * store.examples > start {
        try load(path)
      }
    }
    saved = end
    guard start + waiting == end, store.hasRows(of: seed, before: start) else {
      restart()
      return false
    }
    return true
  }

  /// Begins with the first step.
  func restart() { (start, waiting, saved) = (0, 0, 0) }

  private func load(_ path: String) throws {
    let file = try SafetensorsFile(reading: path)
    let (features, outputs) = (try file.tensor("features"), try file.tensor("outputs"))
    let count = features.shape.first ?? 0
    let columns = StepGradientStore.outputColumns.count
    for (name, tensor, width) in [
      ("features", features, store.projector.dimension), ("outputs", outputs, columns),
    ] where tensor.shape != [count, width] {
      throw CheckpointError.wrongShape(
        name: name, expected: [count, width], found: tensor.shape, file: path)
    }
    guard let first = file.metadata["first"].flatMap({ Int($0) }) else {
      throw CheckpointError.badEntry(name: "__metadata__", problem: "has no first", file: path)
    }
    // Visits that were saved before their shard was finished.
    let passed = max(0, start - first)
    guard first + passed == start + waiting, passed < count else { return }
    rows.place(Matrix(features), Matrix(outputs), from: passed, at: waiting)
    waiting += count - passed
  }

  private func files(in folder: String) -> [(path: String, epoch: Int)] {
    names(in: folder).filter { $0.hasPrefix(StepGradientRecorder.prefix) }.map { name in
      let digits = name.dropFirst(StepGradientRecorder.prefix.count).prefix { $0.isNumber }
      return ("\(folder)/\(name)", Int(digits) ?? .max)
    }
  }
}
