import Checkpoints
import Foundation
import Storage
import SystemPackage

/// The names of a run's files.
///
///     Checkpoints/NAME/run.json
///     Checkpoints/NAME/seed-0/epoch-001.safetensors, epoch-001.json, …
///     Checkpoints/NAME/seed-0/dynamics.h5
///     Checkpoints/NAME/factors-train.h5, factors-test.h5      of gradients from elsewhere
///     Checkpoints/NAME/seed-0/resume/…                        while the seed is being trained
///     Checkpoints/NAME/seed-0/gradients/…                     of kept epochs, until their store is
///     Checkpoints/NAME/seed-0/states/…                        states kept for replays
struct RunFolder: Sendable {
  let path: String

  var record: String { path + "/run.json" }

  func seed(_ seed: UInt64) -> String { "\(path)/seed-\(seed)" }

  func checkpoint(seed: UInt64, epoch: Int) -> String {
    let digits = String(epoch)
    let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    return "\(self.seed(seed))/epoch-\(padded).safetensors"
  }

  /// Where the gradient stores and scores of the run in this folder are: `Projections/NAME` beside
  /// `Checkpoints`.
  ///
  /// By the folder's own name, so that a copy of a run has a folder of its own.
  var projections: String {
    var folder = FilePath(path)
    // A name that the path does not say is the one that the folder has.
    if ["", ".", ".."].contains(folder.name) { folder = folder.absolute }
    let checkpoints = folder.removingLastComponent()
    let root: FilePath =
      switch checkpoints.name {
      case "": checkpoints.isAbsolute ? checkpoints : ".."
      case ".": checkpoints.removingLastComponent().appending("..")
      case "..": checkpoints.appending("..")
      default: checkpoints.removingLastComponent()
      }
    return root.appending("Projections").appending(folder.name).string
  }

  func dynamics(seed: UInt64) -> String { self.seed(seed) + "/dynamics.h5" }

  /// Gradients from elsewhere of a part of the data, `train` or `test`.
  func factors(_ part: String) -> String { "\(path)/factors-\(part).h5" }

  func resume(seed: UInt64) -> String { self.seed(seed) + "/resume" }

  static let gradients = "gradients"

  /// Gradients at kept epochs until the store of all of them is put together.
  func gradients(seed: UInt64) -> String { "\(self.seed(seed))/\(RunFolder.gradients)" }

  /// States kept for replays.
  func states(seed: UInt64) -> String { self.seed(seed) + "/states" }

  /// Whether a seed's checkpoints through an epoch are there.
  func hasCheckpoints(_ record: RunRecord, seed: UInt64, through epoch: Int) -> Bool {
    record.checkpointEpochs.filter { $0 <= epoch }.allSatisfy {
      let path = checkpoint(seed: seed, epoch: $0)
      return fileExists(path) && fileExists(Checkpoint.provenancePath(of: path))
    }
  }

  /// Whether every file of every seed is there.
  func isComplete(_ record: RunRecord) -> Bool {
    record.seeds.allSatisfy { seed in
      fileExists(dynamics(seed: seed)) && hasCheckpoints(record, seed: seed, through: .max)
    }
  }

  /// Whether anything is kept from which an interrupted training, or the collecting of its
  /// checkpoints, goes on.
  func hasBegun(_ record: RunRecord, store: String?) -> Bool {
    record.seeds.contains { !names(in: resume(seed: $0)).isEmpty || fileExists(dynamics(seed: $0)) }
      || store.map { FeatureStoreWriter.hasBegun($0) } == true
  }

  /// Deletes what killed processes left half-written.
  func removeLeftovers(seeds: [UInt64]) throws(StorageError) {
    let own = seeds.flatMap { [seed($0), resume(seed: $0), states(seed: $0)] }
    for folder in [path] + own {
      for file in AtomicFile.leftovers(in: folder) { try removeIfPresent(file) }
    }
  }

  /// Deletes the run's files and nothing else.
  func removeRun() throws(StorageError) {
    try removeRunKeepingLeftovers()
    for file in AtomicFile.leftovers(in: path) { try removeIfPresent(file) }
  }

  /// The same but for files that are being written.
  func removeRunKeepingLeftovers() throws(StorageError) {
    try removeIfPresent(record)
    for name in names(in: path) where name.hasPrefix("seed-") {
      try removeIfPresent("\(path)/\(name)")
    }
    for part in ["train", "test"] { try removeIfPresent(factors(part)) }
  }

  /// Where banks of ablations are.
  var components: String { projections + "/components" }

  /// The files that were made from the run's weights or like them: calibrations, banks and their
  /// halves, weights of shuffled labels, gradient stores, scores; of banks of ablations, which are
  /// many, their folder.
  func madeFromRun() -> [String] {
    let own = names(in: path).filter {
      ($0.hasSuffix(".h5") && !$0.hasPrefix("factors-")) || $0.hasSuffix(".h5.parts")
        || ($0.hasPrefix("calibration-") && $0.hasSuffix(".json"))
    }
    let projections = projections
    return own.map { "\(path)/\($0)" }
      + names(in: projections).filter { $0.hasSuffix(".h5") }.map { "\(projections)/\($0)" }
      + (names(in: components).isEmpty ? [] : [components])
  }

  /// Tells of the files that were made from the run that is replaced.
  func sayWorthless(to progress: any TrainingProgress) {
    let files = madeFromRun()
    if !files.isEmpty { progress.madeWorthless(files) }
  }

  /// Keeps other processes out until the result is dropped; a killed process lets go at once.
  func lock() throws -> FolderLock {
    do {
      return try FolderLock(path)
    } catch StorageError.storeInUse {
      throw RunError.runInUse(folder: path)
    }
  }
}
