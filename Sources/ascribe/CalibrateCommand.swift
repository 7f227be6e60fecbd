import ArgumentParser
import Session

/// `ascribe calibrate`.
struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Give scores units and intervals, from a bank of retrained models.",
    discussion: """
      Fits slope and spread of predicted against observed changes of the output
      function. Afterwards `query` with the same options prints what removing each
      example changes, with a 95 % interval. The interval is of the mean over
      training seeds, not of one retrained model.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @OptionGroup(title: HelpSection.asked) var question: Question
  @OptionGroup(title: HelpSection.scored) var method: MethodOptions
  @OptionGroup(title: HelpSection.written) var written: JSONOption
  @OptionGroup(title: HelpSection.machine) var common: CommonOptions

  /// What is asked.
  struct Question: ParsableArguments {
    @Option(help: "The bank's name (ascribe retrain).") var bank = "bank"
    @Option(help: "Sequences: the only token of each test example, from 1, that is asked about.")
    var token: Int?
  }

  func run() throws {
    common.begin()
    var job = CalibrateJob(
      bank: question.bank, scoring: try method.request(), layers: method.layers.patterns)
    job.token = question.token
    let answer = try job.run(in: try common.session(runName))
    Console.output(written.json ? try answer.json() : FlagText.named(in: answer.text))
  }
}
