import Checkpoints
import Foundation
import Storage

/// A file of a run, and how its bytes are checked.
public struct RunFile: Sendable, Hashable {
  /// What checks it.
  public enum Kind: Sendable, Hashable {
    /// `run.json`.
    case record
    /// Weights and their provenance, two files.
    case checkpoint(CheckpointReference)
    /// Dynamics, a bank, a training on shuffled labels, scores, a store with its shards: whatever
    /// carries Ascribe's seal.
    case sealed
    /// A calibration.
    case calibration
    /// A state kept for replays: a safetensors file.
    case state
  }

  /// What checks it.
  public let kind: Kind
  /// Where it is.
  public let path: String
}

extension Run {
  /// Everything that the run consists of.
  ///
  /// Its record, checkpoints and dynamics, and states kept for replays; what stands beside them, banks, trainings on shuffled
  /// labels and calibrations; in its folder of projections, stores and scores, and of a store that
  /// is not finished the shards.
  ///
  /// What goes on an interrupted job (`resume`, `NAME.h5.parts`) is checked by the job itself.
  ///
  /// - Throws: `CheckpointError.missingFile` for dynamics that a finished run must have;
  ///   `StorageError.system` for folders that may not be read.
  public func files() throws -> [RunFile] {
    let layout = RunFolder(path: folder)
    var files = [RunFile(kind: .record, path: layout.record)]
    // Gradients from elsewhere are among the files beside the record.
    files += (isForeign ? [] : checkpoints).map { RunFile(kind: .checkpoint($0), path: $0.path) }
    for seed in seeds where record.status != .imported && !isForeign {
      let path = layout.dynamics(seed: seed)
      if fileExists(path) {
        files.append(RunFile(kind: .sealed, path: path))
      } else if isFinished {
        // Written last: only an unfinished seed may lack it.
        throw CheckpointError.missingFile(file: path)
      }
      let states = layout.states(seed: seed)
      files += names(in: states).filter { $0.hasSuffix(".safetensors") }
        .map { RunFile(kind: .state, path: "\(states)/\($0)") }
    }
    files += try AtomicFile.names(in: folder).filter { $0.hasSuffix(".h5") }
      .map { RunFile(kind: .sealed, path: "\(folder)/\($0)") }
    files += Run.calibrations(in: folder).map { RunFile(kind: .calibration, path: $0) }
    return files
      + (try Run.sealedFiles(in: projectionsFolder)).map { RunFile(kind: .sealed, path: $0) }
  }

  /// Where the training on shuffled labels is kept.
  public var shuffledLabelsPath: String { folder + "/shuffled-labels.h5" }

  /// The name of a calibration's file.
  public static func calibrationName(_ choices: String) -> String { "calibration-\(choices).json" }

  /// The calibrations in a run's folder.
  public static func calibrations(in folder: String) -> [String] {
    names(in: folder).filter { $0.hasPrefix("calibration-") && $0.hasSuffix(".json") }
      .map { "\(folder)/\($0)" }
  }

  /// The sealed files in a folder and below it, but for the shards that a store there answers for.
  private static func sealedFiles(in folder: String) throws -> [String] {
    let all = try AtomicFile.names(in: folder)
    return try all.flatMap { name -> [String] in
      let path = "\(folder)/\(name)"
      if isFolder(path) {
        let store = (name as NSString).deletingPathExtension + ".h5"
        return name.hasSuffix(".shards") && all.contains(store) ? [] : try sealedFiles(in: path)
      }
      return name.hasSuffix(".h5") && !name.hasPrefix(".") ? [path] : []
    }
  }
}
