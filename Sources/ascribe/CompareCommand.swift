import ArgumentParser
import Session

/// `ascribe compare`.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "How far the scores of two runs on the same data say the same.",
    discussion: """
      Two runs that differ in the seed alone show how much of a ranking is the run's
      own: rank correlation, overlap of the most helpful, changes of sign, how many
      models must be averaged, and the examples that both agree on beyond chance.
      """)

  @Argument(help: ArgumentHelp("A run's name, or its folder.", valueName: "run-a"))
  var runName: String
  @Argument(help: ArgumentHelp("The run that it is compared with.", valueName: "run-b"))
  var otherName: String
  @OptionGroup(title: HelpSection.asked) var question: Question
  @OptionGroup(title: HelpSection.scored) var method: MethodOptions
  @OptionGroup(title: HelpSection.written) var written: EvaluateCommand.Written
  @OptionGroup(title: HelpSection.machine) var common: CommonOptions

  /// What is asked.
  struct Question: ParsableArguments {
    @Option(help: "Most helpful examples that are compared.") var top = 10
    @Option(help: "Test examples at the most, spread evenly.") var limit = 200
    @Option(help: "False discovery rate of the examples that both agree on.") var rate = 0.05

    func validate() throws {
      if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
      if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
      if !(rate > 0 && rate < 1) {
        throw ValidationError("--rate must be between 0 and 1, not \(rate)")
      }
    }
  }

  func run() throws {
    common.begin()
    var job = RunsComparisonJob(with: try common.session(otherName))
    (job.top, job.limit, job.falseDiscoveryRate) = (question.top, question.limit, question.rate)
    (job.scoring, job.layers) = (try method.request(), method.layers.patterns)
    let result = try job.run(in: try common.session(runName))
    if let report = written.report { try Console.write(result.page, to: report) }
    try Console.answer(result.answer, json: written.json)
  }
}

extension CompareCommand: CommonCommand {}
