import ArgumentParser
import Checkpoints
import Evaluation
import Foundation
import Influence
import Reports
import Storage
import Training

/// `ascribe verify`.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check every byte of a run, a store or a score file.",
    discussion: """
      Exit code 4 when a byte is not what was written. Of a run: its checkpoints and dynamics, banks,
      calibrations and other files beside them, and the stores and scores in Projections/RUN.

      Other commands check what they use: of a store the seals of the files that they open and the
      rows that they read, not ids, labels or outputs that the answer does not need.
      """)

  @Argument(help: "A run's name or folder, or an .h5 file.") var path: String
  @Flag(help: "Check a run's data files too, and the weights that its training began with.")
  var data = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func run() throws {
    common.begin()
    let report = path.hasSuffix(".h5") ? try Verification.verify(path) : try verifyRun()
    if json {
      Console.output(
        try JSON.text(
          VerifyAnswer(
            path: path, ok: true, files: report.files, rowBlocks: report.rowBlocks,
            bytes: report.bytes), layout: .compact))
    } else {
      Console.output(
        "\(path): \(report.files) files, \(report.bytes) bytes as they were written")
    }
  }

  private func verifyRun() throws -> Verification.Report {
    let run = try common.find(path)
    var report = Verification.Report()
    for file in try run.files() {
      try Interruption.check()
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
      }
    }
    if run.isForeign {
      // The examples are in the files; whether they are the run's own is checked here.
      _ = try RunInfluence(run)
    } else if data {
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

private struct VerifyAnswer: Encodable {
  let path: String
  let ok: Bool
  let files, rowBlocks, bytes: Int
}
