import ArgumentParser
import Checkpoints
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
    discussion: "Exit code 4 when a byte is not what was written.")

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
    let run = try Run.open(path, checkpointsFolder: common.checkpointsFolder)
    var report = Verification.Report()
    report.files = 1
    for reference in run.checkpoints where !run.isForeign {
      _ = try run.load(reference)
      report.files += 2
      let size = try FileManager.default.attributesOfItem(atPath: reference.path)[.size]
      report.bytes += (size as? Int) ?? 0
    }
    for seed in run.seeds where run.record.status != .imported && !run.isForeign {
      let path = "\(run.folder)/seed-\(seed)/dynamics.h5"
      if !FileManager.default.fileExists(atPath: path) {
        // Written last: an unfinished seed has none yet.
        if !run.isFinished { continue }
        throw CheckpointError.missingFile(file: path)
      }
      report.add(try Verification.verify(path))
    }
    // Banks of retrained models, gradients from elsewhere.
    for name in try FileManager.default.contentsOfDirectory(atPath: run.folder).sorted()
    where name.hasSuffix(".h5") {
      report.add(try Verification.verify("\(run.folder)/\(name)"))
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
}

private struct VerifyAnswer: Encodable {
  let path: String
  let ok: Bool
  let files, rowBlocks, bytes: Int
}
