import Influence
import Networks
import Synchronization
import Tensors
import Models
import Runs
import Training

/// A run that is opened to be asked: its data and checkpoints are read once for all its jobs.
public final class Session: Sendable {
  /// The run.
  public let run: Run
  /// Where its jobs report to.
  public let control: JobControl
  private let opened = Mutex<[LayerPatterns?: RunInfluence]>([:])

  /// A session over a run.
  public init(_ run: Run, control: JobControl = .silent) {
    (self.run, self.control) = (run, control)
  }

  /// Opens a run by its name or folder, and says so when its training has not come to its end.
  ///
  /// - Parameter dataFolder: where the paths of the run file begin now, for a run or data that was
  ///   moved; nil: where they did when the run was made.
  /// - Throws: `RunError.noRun`, `CheckpointError` for a record that was changed.
  public convenience init(
    _ name: String, checkpointsFolder: String = "Checkpoints", dataFolder: String? = nil,
    control: JobControl = .silent
  ) throws {
    let run = try Run.found(
      name, checkpointsFolder: checkpointsFolder, dataFolder: dataFolder, control)
    if !run.isFinished {
      control.note(
        "note: the training of \(run.name) is not finished; its last checkpoint so far is used")
    }
    self.init(run, control: control)
  }

  /// The run with its data, read at the first call.
  ///
  /// - Parameter layers: the layers that scores are over; nil: all that were trained.
  /// - Throws: `SelectionError` for patterns that fit no layer; errors of the data.
  public func influence(layers: LayerPatterns? = nil) throws -> RunInfluence {
    try opened.withLock { opened in
      if let found = opened[layers] { return found }
      let made = try RunInfluence(run, layers: layers)
      opened[layers] = made
      return made
    }
  }
}

extension Run {
  /// Opens a run, and says so when its folder is a copy.
  static func found(
    _ name: String, checkpointsFolder: String, dataFolder: String?, _ control: JobControl
  ) throws -> Run {
    let run = try Run.open(name, checkpointsFolder: checkpointsFolder, dataFolder: dataFolder)
    if let other = run.otherFolderName {
      control.note(
        "note: the folder \(other) holds the run \(run.name), copied or renamed: "
          + "its stores and scores are in \(run.projectionsFolder)")
    }
    return run
  }
}
