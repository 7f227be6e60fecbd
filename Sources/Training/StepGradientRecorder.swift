// Letters: B batch, k features.
import Checkpoints
import Gradients
import Networks
import Projections
import Storage
import Tensors

/// The visits of one seed on their way into the store: those of the shard that is not full stay in
/// memory too, and are kept with the state to resume from.
///
///     resume/visits-000010.safetensors      visits of that shard since the file before it
package final class StepGradientRecorder {
  let store: StepGradientWriter
  let seed: UInt64

  /// Rows that were given to the store.
  private struct Block {
    let rows: Range<Int>
    let features, outputs: Matrix<Float>
  }

  /// Visits that were given to the store.
  private var written = 0
  /// Visits up to here are in finished shards or in files to resume from.
  private var saved = 0
  /// The steps after those that were written, which are projected together.
  private var steps: [StepRows] = []
  /// What was written of the shard that is not full, in order.
  private var kept: [Block] = []

  /// A recorder before the first step.
  package init(_ store: StepGradientWriter, seed: UInt64) {
    (self.store, self.seed) = (store, seed)
  }

  /// Whether all visits are in finished shards.
  package var isComplete: Bool { store.hasRows(of: seed, before: store.visits) }

  /// The first visit of the shard that is not full.
  private var shardStart: Int { written / store.rowsPerShard * store.rowsPerShard }

  /// Room for the visits of the next step.
  func room(for count: Int) -> StepRows { StepRows(store, count: count) }

  /// Adds the visits of a step, whose room is filled.
  ///
  /// Steps are projected together up to the end of an epoch at most: the same cuts after any resume.
  ///
  /// - Parameter examples: their places in the training set.
  func append(_ step: StepRows, examples: [Int], rate: Double) throws {
    step.write(rate: rate, examples: examples)
    steps.append(step)
    let waiting = steps.reduce(0) { $0 + $1.count }
    guard waiting >= store.pooledVisits || (written + waiting) % store.examples == 0 else { return }
    let features: Matrix<Float>
    do {
      features = try StepRows.features(of: steps)
    } catch {
      throw TrainingError(error, seed: seed, epoch: written / store.examples + 1)
    }
    let outputs = Matrix<Float>(
      steps.flatMap(\.outputs.elements), rows: waiting, columns: step.outputs.columns)
    steps = []
    try write(features, outputs)
  }

  private func write(_ features: Matrix<Float>, _ outputs: Matrix<Float>) throws {
    let rows = written..<written + features.rows
    try store.write(seed: seed, rows: rows, features: features, outputs: outputs)
    written = rows.upperBound
    kept.append(Block(rows: rows, features: features, outputs: outputs))
    kept.removeAll { $0.rows.upperBound <= shardStart }
  }

  // MARK: Resuming

  private static let prefix = "visits-"

  private func file(_ folder: String, through epoch: Int) -> String {
    let digits = String(epoch)
    let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
    return "\(folder)/\(StepGradientRecorder.prefix)\(zeros)\(digits).safetensors"
  }

  /// Saves what is in no finished shard and no file yet, before the state of that epoch is saved.
  package func save(to folder: String, epoch: Int) throws {
    precondition(steps.isEmpty, "an epoch ends with all its steps projected")
    let first = max(saved, shardStart)
    saved = written
    guard first < written else { return }
    try makeFolder(folder)
    let new = kept.filter { $0.rows.upperBound > first }
    func joined(_ part: (Block) -> Matrix<Float>) -> Tensor {
      let width = part(new[0]).columns
      let result = Tensor(uninitialized: [written - first, width])
      for block in new {
        let start = max(first, block.rows.lowerBound)
        (result.storage.base + (start - first) * width).update(
          from: part(block).storage.base + (start - block.rows.lowerBound) * width,
          count: (block.rows.upperBound - start) * width)
      }
      return result
    }
    try SafetensorsFile.write(
      [("features", joined(\.features)), ("outputs", joined(\.outputs))],
      metadata: ["first": "\(first)"], to: file(folder, through: epoch))
  }

  /// Deletes the files whose visits are all in finished shards.
  package func removeFinished(in folder: String) throws {
    for (path, epoch) in files(in: folder) where epoch * store.examples <= shardStart {
      try removeIfPresent(path)
    }
  }

  /// Takes up where the state of an epoch was saved.
  ///
  /// - Returns: whether all visits before it are there; else the training begins anew.
  /// - Throws: `CheckpointError` for files that changed or do not fit.
  package func resume(from folder: String, epoch: Int) throws -> Bool {
    restart()
    let end = epoch * store.examples
    let start = end / store.rowsPerShard * store.rowsPerShard
    written = start
    for (path, through) in files(in: folder) {
      if through > epoch {
        try removeIfPresent(path)
      } else if through * store.examples > start {
        try load(path)
      }
    }
    guard written == end, store.hasRows(of: seed, before: start) else {
      restart()
      return false
    }
    saved = end
    return true
  }

  /// Begins with the first step.
  package func restart() { (written, saved, steps, kept) = (0, 0, [], []) }

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
    // Some were saved before their shard was finished.
    let passed = max(0, written - first)
    guard first + passed == written, passed < count else { return }
    try write(
      Matrix(features.prefixSlice(passed..<count)), Matrix(outputs.prefixSlice(passed..<count)))
  }

  private func files(in folder: String) -> [(path: String, epoch: Int)] {
    names(in: folder).filter { $0.hasPrefix(StepGradientRecorder.prefix) }.map { name in
      let digits = name.dropFirst(StepGradientRecorder.prefix.count).prefix { $0.isNumber }
      return ("\(folder)/\(name)", Int(digits) ?? .max)
    }
  }
}
