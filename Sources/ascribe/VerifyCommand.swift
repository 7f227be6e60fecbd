import ArgumentParser
import Session

/// `ascribe verify`.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check every byte of a run, a store or a score file.",
    discussion: """
      Exit code 4 when a byte is not what was written. Of a run: its checkpoints and
      dynamics, banks, calibrations and other files beside them, and the stores and
      scores in Projections/RUN.

      Other commands check what they use: of a store the seals of the files that
      they open and the rows that they read, not ids, labels or outputs that the
      answer does not need.
      """)

  @Argument(help: "A run's name or folder, or an .h5 file.") var path: String
  @Flag(help: "Check a run's data files too, and the weights that its training began with.")
  var data = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func run() throws {
    common.begin()
    var job = VerifyJob(path, checkpointsFolder: common.checkpointsFolder)
    (job.includesData, job.dataFolder) = (data, common.dataFolder)
    try Console.answer(try job.run(control: .terminal), json: json)
  }
}
