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
  @OptionGroup(title: HelpSection.asked) var question: Question
  @OptionGroup(title: HelpSection.scored) var method: MethodOptions
  @OptionGroup(title: HelpSection.scored) var fusing: FuseOptions
  @OptionGroup(title: HelpSection.written) var diagnosis: DiagnosisOptions
  @OptionGroup(title: HelpSection.written) var written: Written
  @OptionGroup(title: HelpSection.machine) var common: CommonOptions

  /// What is asked.
  struct Question: ParsableArguments {
    @Option(help: "The queries: test or train.") var split: DataPart = .test
  }

  /// Where the scores go.
  struct Written: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "The file to write (default: Projections/RUN/scores-METHOD.h5).", valueName: "file"))
    var out: String?
    @Flag(help: "Print one JSON object.") var json = false
  }

  func validate() throws {
    try CommonOptions.requireHDF5Name(written.out)
    if fusing.fuse != nil && question.split == .train {
      throw ValidationError(
        "--fuse is for test examples: a bank holds no outputs on the training set")
    }
  }

  func run() throws {
    common.begin()
    var job = ScoreJob()
    (job.part, job.out, job.bank) = (question.split, written.out, fusing.fuse)
    job.layers = method.layers.patterns
    job.scoring = try method.request(diagnosesDamping: diagnosis.diagnose ?? .last)
    job.diagnosis = diagnosis.extent
    let answer = try job.run(in: try common.session(runName))
    if written.json { Console.output(try answer.json()) }
  }
}
