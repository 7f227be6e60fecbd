import ArgumentParser
import Curation
import Session

extension MislabelRanking.Signal: ExpressibleByArgument {}

/// `ascribe mislabeled`.
struct MislabeledCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mislabeled",
    abstract: "Training examples in order of suspicion of a wrong label.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @OptionGroup(title: HelpSection.asked) var question: Question
  @OptionGroup(title: HelpSection.scored) var method: MethodOptions
  @OptionGroup(title: HelpSection.written) var written: Written
  @OptionGroup(title: HelpSection.machine) var common: CommonOptions

  /// What is asked.
  struct Question: ParsableArguments {
    @Option(
      help:
        "leaveOneOutMargin (default), leaveOneOutWithEL2N (default above 20,000 examples of a run trained here), selfInfluence, finalProbability, meanProbability, areaUnderMargin, el2n, loss, gradientNorm."
    )
    var signal: MislabelRanking.Signal?
    @Option(help: "Suspects to show.") var top = 50
    @Option(
      help: ArgumentHelp(
        "Say how many labels are wrong, and cut the ranking where so many of its first examples are: 0.9. Trains four models with decoys.",
        valueName: "precision"))
    var cut: Double?
    @Option(help: "The seed of the decoys of --cut.") var decoySeed: UInt64?
    @Option(
      help: ArgumentHelp(
        "Rank by another program's probabilities, made out of fold: an npy file, one row a training example.",
        valueName: "file"))
    var probabilities: String?
    @Option(
      help: ArgumentHelp(
        "Rank by another program's features, or by both: an npy file, one row a training example.",
        valueName: "file"))
    var features: String?
  }

  /// Where the answer goes.
  struct Written: ParsableArguments {
    @Option(
      help: ArgumentHelp("Write all training examples in order as CSV.", valueName: "file"))
    var csv: String?
    @Option(
      help: ArgumentHelp("Write the suspects as a self-contained HTML page.", valueName: "file"))
    var report: String?
    @Flag(help: "Print one JSON object.") var json = false
  }

  func validate() throws {
    let (signal, top) = (question.signal, question.top)
    if signal != .selfInfluence {
      let ignored = [
        ("--method", method.method), ("--output-function", method.outputFunction),
        ("--example-weight", method.exampleWeight),
      ].first { $0.1 != nil }
      if let ignored {
        throw ValidationError(
          "\(ignored.0) is for --signal selfInfluence, not \(signal?.rawValue ?? "the default")")
      }
    }
    if let signal, method.layers.layers != nil && !signal.isOfGradients {
      throw ValidationError(
        "--layers is for signals of gradients, those of leaving one out and selfInfluence, not \(signal.rawValue)"
      )
    }
    if question.decoySeed != nil && question.cut == nil {
      throw ValidationError("--decoy-seed is for --cut")
    }
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
  }

  func run() throws {
    common.begin()
    var job = MislabeledJob()
    (job.signal, job.top, job.layers) = (
      question.signal, question.top, method.layers.patterns
    )
    job.scoring = try method.request()
    (job.cut, job.decoySeed) = (question.cut, question.decoySeed ?? 0)
    (job.probabilities, job.features) = (question.probabilities, question.features)
    let result = try job.run(in: try common.session(runName))
    if let csv = written.csv { try Console.write(result.csv(), to: csv, says: false) }
    if let report = written.report { try Console.write(result.page(), to: report) }
    try Console.answer(result.answer, json: written.json)
  }
}
