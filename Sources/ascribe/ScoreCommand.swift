import ArgumentParser
import Influence
import Session

/// `ascribe score`.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "All scores of a split against the training examples, in one HDF5 file.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "The queries: test or train.") var split: DataPart = .test
  @Option(help: "The file to write (default: Projections/RUN/scores-METHOD.h5).")
  var out: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var fusing: FuseOptions
  @OptionGroup var diagnosis: DiagnosisOptions
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    try CommonOptions.requireHDF5Name(out)
    if fusing.fuse != nil && split == .train {
      throw ValidationError(
        "--fuse is for test examples: a bank holds no outputs on the training set")
    }
  }

  func run() throws {
    common.begin()
    var job = ScoreJob()
    (job.part, job.out, job.bank) = (split, out, fusing.fuse)
    job.layers = method.layers.patterns
    job.scoring = try method.request(diagnosesDamping: diagnosis.diagnose ?? .last)
    job.diagnosis = diagnosis.extent
    let answer = try job.run(in: try common.session(runName))
    if json { Console.output(try answer.json()) }
  }
}
