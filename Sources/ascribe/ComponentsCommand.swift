import ArgumentParser
import Components
import Networks
import Session

extension ComponentMethod: ExpressibleByArgument {}
extension ComponentPreset: ExpressibleByArgument {}

/// `ascribe components`.
struct ComponentsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "components",
    abstract: "Which parts of the network carry its outputs: neurons, filters, heads, blocks.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "Kinds of parts: filters, neurons, heads; attentions, mlps, blocks, layers.")
  var of = "filters,neurons,heads"
  @Option(help: "Names of parts, such as 'h.3' or '0.filter' (default: all of those kinds).")
  var only: String?
  @Option(help: "Share of the parts that a random mask takes away.") var alpha =
    ComponentStudy.standardShare
  @Option(help: "How many masked passes it may take: lean, standard, thorough.")
  var preset: ComponentPreset = .standard
  @Option(
    help: ArgumentHelp(
      ComponentMethod.allCases.map { "\($0.rawValue): \($0.title)" }.joined(separator: "; ") + "."))
  var method: ComponentMethod = .expected
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
      "What is in the place of what is taken away: zero, mean, resample (another example's), scale:x."
  )
  var ablation = "zero"
  @Option(help: "Of the masks.") var seed: UInt64 = 0
  @Option(help: "Write every query's own scores as HDF5 (.h5).") var out: String?
  @Option(help: "Write all components as CSV.") var csv: String?
  @Option(help: "Write the answer as a self-contained HTML page; takes some masked passes more.")
  var report: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var common: CommonOptions

  func validate() throws {
    try CommonOptions.requireHDF5Name(out)
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
    if let outputFunction, OutputFunction(rawValue: outputFunction) == nil {
      throw ValidationError(
        "--output-function takes \(OutputFunction.allCases.map(\.rawValue).joined(separator: ", ")), not '\(outputFunction)'"
      )
    }
    _ = try kinds()
  }

  /// The kinds, by their names in either number.
  private func kinds() throws -> [ComponentGroup.Kind] {
    try of.split(separator: ",").map { word in
      let name = String(word.drop(while: \.isWhitespace))
      guard
        let kind = ComponentGroup.Kind.allCases.first(where: {
          $0.rawValue == name || $0.rawValue + "s" == name
        })
      else {
        throw ValidationError(
          "--of takes \(ComponentGroup.Kind.allCases.map { $0.rawValue + "s" }.joined(separator: ", ")), not '\(word)'"
        )
      }
      return kind
    }
  }

  func run() throws {
    common.begin()
    var job = ComponentsJob()
    job.kinds = try kinds()
    job.patterns = only.map { LayerPatterns(text: $0) }
    (job.share, job.preset, job.method) = (alpha, preset, method)
    (job.part, job.queries, job.limit, job.token) = (split, queries, limit, token)
    job.function = outputFunction.flatMap { OutputFunction(rawValue: $0) }
    (job.ablation, job.seed, job.out) = (try Ablation(ablation), seed, out)
    let result = try job.run(in: try common.session(runName))
    if let csv { try Console.write(result.answer.csv, to: csv, says: false) }
    if let report { try Console.write(try result.page(), to: report) }
    try Console.answer(result.answer, json: json)
  }
}
