import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Influence
import Reports
import Storage
import Tensors
import Training

/// `ascribe query`.
struct QueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "The training examples that helped and harmed an answer.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "Test ids such as 17 or 3,5; misclassified; or all: their mean.")
  var test: String
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
  @Option(
    help: "Checkpoints whose spectrum and cross-validation are computed: none, last (default), all."
  )
  var diagnose: DampingDiagnosis?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var fusing: FuseOptions
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
    if fusing.fuse != nil && tokens {
      throw ValidationError("--tokens is not for scores fused with a bank, which are no such sums")
    }
    let own = [
      ("--fuse", fusing.fuse != nil), ("--diagnose", diagnose != nil), ("--tokens", tokens),
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
    if let scores {
      let asked = try QueryScores(file: scores, of: try common.open(runName))
      return try answer(asked)
    }
    let setup = try ScoringSetup(
      run: runName, method, common, diagnosesDamping: diagnose ?? .last, asks: .query)
    if tokens { try setup.influence.data.train.requireTokens() }
    try answer(QueryScores(setup, try fusing.scorer(setup, token: token), token: token), setup)
  }

  /// - Parameter setup: what takes scores apart by token; nil for scores of a file.
  private func answer(_ asked: QueryScores, _ setup: ScoringSetup? = nil) throws {
    let data = asked.influence.data
    let selection = try QuerySelection(test, in: data.test, limit: limit, of: asked.influence)
    let shown = data.test.subset(selection.rows)
    let queries = try token.map { try shown.targeting(token: $0) } ?? shown
    let tops = try asked.tops(selection.rows, selection.isMean, top)
    let found = try QueryFindings(asked, selection, queries, tops)
    let units =
      found.scores.fusion == nil && !(selection.isMean && asked.isMeanOfScores)
      ? try CalibratedUnits(found.scores, token: token, of: asked.influence.run) : nil
    let parts = try setup.flatMap { setup in
      tokens ? try TokenParts(setup, selection, queries, tops, token: token) : nil
    }
    var answer = QueryAnswer(found, units)
    answer.add(parts, token: token, shown: shown, tops, train: data.train)
    try asked.explain()
    if let csv { try AtomicFile.write(answer.csv, to: csv) }
    if let report {
      let page = try QueryPage(
        found, notes: try asked.notes(),
        passages: Passages(shown: shown, token: token, parts: parts))
      try AtomicFile.write(page.report.html(), to: report)
      Console.line("wrote \(report)")
    }
    Console.output(json ? try JSON.text(answer, layout: .compact) : answer.text)
  }
}

/// Which test examples are asked about.
struct QuerySelection {
  /// Rows of the test set.
  let rows: [Int]
  /// Whether their mean is the query.
  let isMean: Bool
  /// How the query is called when it is a mean.
  let name: String

  init(_ text: String, in test: Dataset, limit: Int, of influence: RunInfluence) throws {
    name = text
    switch text {
    case "all":
      rows = Array(0..<test.count)
      isMean = true
    case "misclassified":
      isMean = false
      guard test.classes != nil else {
        throw InfluenceError.notDefined(
          name: "--test misclassified", reason: test.reasonWithoutClasses, option: "--test")
      }
      let wrong = try influence.predictions(for: test).correct
      let all = test.ids.indices.filter { !wrong[$0] }
      rows = Array(all.prefix(limit))
      Console.line("\(all.count) misclassified test examples, showing \(rows.count)")
      if all.isEmpty { throw ValidationError("no test example is misclassified") }
    default:
      isMean = false
      let ids = text.split(separator: ",").map { ExampleID(String($0).trimmed) }
      if ids.isEmpty { throw ValidationError("--test names no example") }
      rows = try test.rows(of: ids, in: "--test")
    }
  }
}

extension String {
  var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
