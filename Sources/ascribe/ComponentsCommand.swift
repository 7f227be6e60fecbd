import ArgumentParser
import Components
import Networks
import Session

/// `ascribe components`.
struct ComponentsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "components",
    abstract: "Which parts of the network carry its outputs: neurons, filters, heads, blocks.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "The examples: test or train.") var split: DataPart = .test
  @Option(help: "Which of them: all, misclassified, or ids such as 17 or 3,5.") var queries = "all"
  @Option(help: "The most queries, evenly over those asked about.") var limit: Int?
  @Option(help: "Of sequences the only token that is asked about, from 1.") var token: Int?
  @Option(
    help:
      "hardMargin (default of classes), margin, loss, logit, logProbability (default of texts); for numbers prediction, negativeHalfSquaredError."
  )
  var outputFunction: String?
  @Option(
    help:
      "Of coar: how many random masks (default: twice the parts), or a file with a line a mask, the names of what it takes away."
  )
  var masks: String?
  @Option(
    help: ArgumentHelp(
      "With --ablation resample: a CSV with the partner of each query whose activations it gets, "
        + "such as a corrupted prompt (activation patching): columns id and pair, another "
        + "example's id, or id and text.", valueName: "csv"))
  var pairs: String?
  @Option(help: "Masks of α that the answer is judged by, none of them used for it.")
  var fresh = ComponentStudy.freshMasks.own
  @Option(help: "Write every query's own scores as HDF5 (.h5).") var out: String?
  @Option(help: "Write all components as CSV.") var csv: String?
  @Option(help: "Write the answer as a self-contained HTML page; takes some masked passes more.")
  var report: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var parts: ComponentOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    try CommonOptions.requireHDF5Name(out)
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
    if fresh < 4 { throw ValidationError("--fresh must be at least 4, not \(fresh)") }
    if let outputFunction, OutputFunction(rawValue: outputFunction) == nil {
      throw ValidationError(
        "--output-function takes \(OutputFunction.allCases.map(\.rawValue).joined(separator: ", ")), not '\(outputFunction)'"
      )
    }
  }

  func run() throws {
    common.begin()
    var job = try parts.job()
    (job.part, job.queries, job.limit, job.token) = (split, queries, limit, token)
    job.function = outputFunction.flatMap { OutputFunction(rawValue: $0) }
    (job.freshMasks, job.masks, job.pairs, job.out) = (fresh, masks, pairs, out)
    let result = try job.run(in: try common.session(runName))
    if let csv { try Console.write(result.answer.csv, to: csv, says: false) }
    if let report { try Console.write(try result.page(), to: report) }
    try Console.answer(result.answer, json: json)
  }
}
