import Answers
import Checkpoints
import Evaluation
import Foundation
import Influence
import Storage
import Tensors
import Models
import Runs
import Training

/// Checks every byte of a run, a store or a score file.
public struct VerifyJob: Sendable {
  /// A run's name or folder, or a file whose name ends in `.h5`.
  public var path: String
  /// The folder of all runs.
  public var checkpointsFolder: String
  /// Where the paths of the run file begin now, for a run or data that was moved; nil: where they did.
  public var dataFolder: String?
  /// Whether a run's data files are checked too, and the weights that its training began with.
  public var includesData = false

  /// A run or a file.
  public init(_ path: String, checkpointsFolder: String = "Checkpoints") {
    (self.path, self.checkpointsFolder) = (path, checkpointsFolder)
  }

  /// Checks.
  ///
  /// - Throws: the error of the first file that is not as it was written; `JobCancelled`.
  public func run(control: JobControl = .silent) throws -> VerifyAnswer {
    let report = path.hasSuffix(".h5") ? try Verification.verify(path) : try verifyRun(control)
    return VerifyAnswer(
      path: path, files: report.files, rowBlocks: report.rowBlocks, bytes: report.bytes)
  }

  private func verifyRun(_ control: JobControl) throws -> Verification.Report {
    let run = try Run.found(
      path, checkpointsFolder: checkpointsFolder, dataFolder: dataFolder, control)
    var report = Verification.Report()
    for file in try run.files() {
      try control.check()
      switch file.kind {
      // Opening the run checked it.
      case .record: try report.add([file.path])
      case .checkpoint(let reference):
        _ = try run.load(reference)
        try report.add([file.path, Checkpoint.provenancePath(of: file.path)])
      case .sealed: report.add(try Verification.verify(file.path))
      case .calibration:
        _ = try Calibration(reading: file.path)
        try report.add([file.path])
      case .state:
        _ = try SafetensorsFile(reading: file.path)
        try report.add([file.path])
      }
    }
    if run.isForeign {
      // The examples are in the files; whether they are the run's own is checked here.
      _ = try RunInfluence(run)
    } else if includesData {
      _ = try run.loadData()
      if run.record.dataHashes["start"] != nil { _ = try run.networkToTrain() }
    }
    return report
  }
}

extension Verification.Report {
  fileprivate mutating func add(_ other: Verification.Report) {
    files += other.files
    rowBlocks += other.rowBlocks
    bytes += other.bytes
  }

  /// Counts files that were read whole.
  fileprivate mutating func add(_ paths: [String]) throws {
    for path in paths {
      let size = try FileManager.default.attributesOfItem(atPath: path)[.size]
      add(Verification.Report(files: 1, bytes: (size as? Int) ?? 0))
    }
  }
}
