import ArgumentParser
import Influence
import Session

/// `ascribe query`.
struct QueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "The training examples that helped and harmed an answer.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "Test ids such as 17 or 3,5; misclassified; or all: their mean.")
  var test: String?
  @Option(
    help: ArgumentHelp(
      "A file that is in no split, read as the run's data: picture, rows, array, text.",
      valueName: "file"))
  var input: String?
  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "The class that --input is asked about, by name or number (default: its label, else the predicted class).",
      valueName: "class"))
  var askedClass: String?
  @Option(help: "Helpful and harmful examples to show.") var top = 10
  @Option(help: "The token of the query, from 1, whose prediction is asked about (default: all).")
  var token: Int?
  @Flag(help: "Take the scores apart by token, of the shown passages and of the query.")
  var tokens = false
  @Option(help: "Queries to show at the most, with misclassified.") var limit = 20
  @Option(
    help: "Answer from a file of `ascribe score` on test examples; nothing is computed.")
  var scores: String?
  @Option(help: "Write the answer as CSV.") var csv: String?
  @Option(help: "Write the answer as a self-contained HTML page.") var report: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var fusing: FuseOptions
  @OptionGroup var diagnosis: DiagnosisOptions
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if test != nil && input != nil {
      throw ValidationError("--input is not for --test: it asks about a file in place of test ids")
    }
    if test == nil && input == nil {
      throw ValidationError("give --test IDS, or --input FILE for what is in no split")
    }
    if askedClass != nil && input == nil {
      throw ValidationError("--class is for --input: test examples are asked about their label")
    }
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
    if fusing.fuse != nil && tokens {
      throw ValidationError("--tokens is not for scores fused with a bank, which are no such sums")
    }
    let own = [
      ("--fuse", fusing.fuse != nil), ("--diagnose", diagnosis.diagnose != nil), ("--tokens", tokens),
      ("--token", token != nil),
    ]
    let given = method.given + own.filter(\.1).map(\.0)
    if scores != nil && !given.isEmpty {
      throw ValidationError(
        "\(given.joined(separator: ", ")) \(given.count == 1 ? "is" : "are") not for --scores: "
          + "the file was scored already")
    }
    if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
  }

  func run() throws {
    common.begin()
    var job = try asked()
    (job.top, job.limit, job.token, job.byToken) = (top, limit, token, tokens)
    (job.scores, job.bank, job.layers) = (scores, fusing.fuse, method.layers.patterns)
    job.scoring = try method.request(diagnosesDamping: diagnosis.diagnose ?? .last)
    job.diagnosis = diagnosis.extent
    let result = try job.run(in: try common.session(runName))
    if let csv { try Console.write(result.answer.csv, to: csv, says: false) }
    if let report { try Console.write(try result.page(), to: report) }
    try Console.answer(result.answer, json: json)
  }

  private func asked() throws -> QueryJob {
    if let input { return QueryJob(input: QueryInput(file: input, class: askedClass)) }
    guard let test else { throw ValidationError("give --test IDS, or --input FILE") }
    return QueryJob(test: test)
  }
}
