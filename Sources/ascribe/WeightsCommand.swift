import ArgumentParser
import Curation
import Session

extension WeightingMethod: ExpressibleByArgument {}

/// `ascribe weights`.
struct WeightsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weights",
    abstract: "Weigh training examples instead of dropping some: a table that training takes.",
    discussion: """
      The table has a line for each training example; a run file takes it with
      training: {weights: FILE}. The mean over a batch is then that of weight ×
      loss.

        gradient-norm   by the mean norm of its gradient over the training (PA&DA)
        kl-dro          by exp(loss/T): what is not learnt counts most
        self-influence  PRESENCE: what only itself explains counts least
        plausibility    by its label’s leave-one-out margin: wrong ones count least
        trusted         by how much it helps examples looked at (--trusted)
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(
    help:
      "How: \(WeightingMethod.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var method: WeightingMethod
  @Option(help: "How far from all alike, above 0 and at most 1.") var strength = 1.0
  @Option(
    help: ArgumentHelp(
      "Of trusted: ids of training examples such as 3,17, or @FILE with one a line.",
      valueName: "ids"))
  var trusted: String?
  @Option(help: ArgumentHelp("The table.", valueName: "file")) var out: String
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func run() throws {
    common.begin()
    var job = WeightsJob(method, out: out)
    (job.strength, job.trusted) = (strength, trusted)
    try Console.answer(try job.run(in: try common.session(runName)), json: json)
  }
}
