import Checkpoints
import Storage
import Tensors
import Training

/// The states of one seed's training that are kept for its replay.
///
///     seed-0/states/step-000000123.safetensors      the state after 123 steps
///
/// Each file is sealed, appears whole or not at all, and says what it was made from: it is taken up
/// by the same training on the same kind of machine alone.
struct KeptStates: Sendable {
  let folder: String
  let fingerprint: Fingerprint

  private static let formatKey = "ascribe.format"

  /// States in a folder.
  init(in folder: String, identity: RunIdentity, seed: UInt64) {
    self.folder = folder
    var fingerprint = identity.fingerprint(of: .states)
    fingerprint.append("seed", "\(seed)")
    self.fingerprint = fingerprint
  }

  func path(_ step: Int) -> String {
    let digits = String(step)
    return "\(folder)/step-" + String(repeating: "0", count: max(0, 9 - digits.count)) + digits
      + ".safetensors"
  }

  func contains(_ step: Int) -> Bool { fileExists(path(step)) }

  func write(_ state: TrainingState) throws {
    var metadata = [KeptStates.formatKey: "1"]
    for field in fingerprint.fields { metadata[field.name] = field.value }
    try makeFolder(folder)
    try state.write(to: path(state.step), metadata: metadata)
  }

  /// The state after a number of steps.
  ///
  /// - Parameter state: any state of the same training.
  /// - Throws: `ReplayError.keptState` for a file that changed, or is of another training.
  func read(_ step: Int, like state: TrainingState) throws -> TrainingState {
    var state = state
    let path = path(step)
    do {
      var metadata = try state.read(from: path)
      for key in ["epoch", "step", KeptStates.formatKey] { metadata[key] = nil }
      var found = Fingerprint()
      for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { found.append(name, value) }
      try Fingerprint.requireEqual(
        expected: fingerprint, found: found, file: path, for: .goingOn)
    } catch let error as any DiagnosableError {
      throw ReplayError.keptState(problem: error.what, file: path)
    }
    guard state.step == step else {
      throw ReplayError.keptState(
        problem: "it is the state after \(state.step) steps.", file: path)
    }
    return state
  }

  /// Deletes what a killed process left half-written; the run is locked, so that nobody writes.
  func removeLeftovers() throws {
    for file in AtomicFile.leftovers(in: folder) { try removeIfPresent(file) }
  }

  /// Deletes all of them.
  func remove() throws { try removeIfPresent(folder) }
}
