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
  @Option(
    help:
      "leaveOneOutMargin (default), leaveOneOutWithEL2N (default above 20,000 examples of a run trained here), selfInfluence, finalProbability, meanProbability, areaUnderMargin, el2n, loss, gradientNorm."
  )
  var signal: MislabelRanking.Signal?
  @Option(help: "Suspects to show.") var top = 50
  @Option(help: "Write the suspects as a self-contained HTML page.") var report: String?
  @Option(help: "Write all training examples in order as CSV.") var csv: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
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
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
  }

  func run() throws {
    common.begin()
    var job = MislabeledJob()
    (job.signal, job.top, job.layers) = (signal, top, method.layers.patterns)
    job.scoring = try method.request()
    let result = try job.run(in: try common.session(runName))
    if let csv { try Console.write(result.csv(), to: csv, says: false) }
    if let report { try Console.write(result.page(), to: report) }
    try Console.answer(result.answer, json: json)
  }
}
