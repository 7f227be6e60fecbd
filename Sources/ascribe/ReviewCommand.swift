import ArgumentParser
import Session

/// `ascribe review`.
struct ReviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "review",
    abstract: "Take over decisions about labels, and see what training on them changes.",
    discussion: """
      DECISIONS.csv has the columns id and decision (keep, relabel, drop; empty: not
      decided), and for relabel the new label in newLabel or else suggested: the
      file of `mislabeled RUN --csv` with a column more. Where it has label, that
      must be the label of the data. Written beside the run's own file:
      RUN-reviewed.yaml, whose data name the decisions, and a copy of them. Then
      pairs of models of the same seed are trained on the data before and after.
      Interrupted, it goes on model by model.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Argument(help: ArgumentHelp("The decisions.", valueName: "decisions.csv"))
  var decisions: String
  @Option(help: "The corrected run's name (default: the run's with -reviewed).") var name: String?
  @Option(help: "Pairs of models; 0: none is trained.") var seeds = 5
  @Flag(help: "Test examples may be changed too (lines whose split is test).") var touchTest = false
  @Flag(help: "Replace a corrected run file that is another.") var overwrite = false
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func run() throws {
    common.begin()
    var job = ReviewJob(decisions)
    (job.name, job.seeds, job.touchTest, job.overwrites) = (name, seeds, touchTest, overwrite)
    let answer = try job.run(in: try common.session(runName, needsWeights: false))
    try Console.answer(answer, json: json)
  }
}
