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
    if fusing.fuse != nil && (tokens || token != nil) {
      throw ValidationError("--tokens and --token are not for scores fused with a bank")
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
    try answer(QueryScores(setup, try fusing.scorer(setup), token: token), setup)
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
      ? try CalibratedUnits(found.scores, of: asked.influence.run) : nil
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

extension QueryAnswer.Query {
  /// The shown passages, a line each, with their strongest tokens marked.
  fileprivate func passages(_ sides: (String, String)) -> [String] {
    [(sides.0, helpful), (sides.1, harmful)].map { name, list in
      var table = TextTable(["", "\(name) id", "score", "strongest tokens in brackets"])
      for (rank, entry) in list.enumerated() {
        table.append([
          "\(rank + 1)", entry.id.description, String(format: "%+.4g", entry.score),
          ScoredToken.marked(entry.tokens ?? []),
        ])
      }
      return table.text
    }
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

/// `query --json`, its fields fixed.
struct QueryAnswer: Encodable {
  struct Influence: Encodable {
    let id: ExampleID
    let label: LabelValue
    let score: Float
    /// Expected change of f without the example, and half its 95 % interval, when calibrated.
    let change, changeError: Double?
    /// The parts of the score by token, with `--tokens`: of the passage, and of the query.
    var tokens, queryTokens: [ScoredToken]?
  }
  /// The token that is asked about.
  struct Token: Encodable {
    let position: Int
    let text: String
  }
  struct Query: Encodable {
    let id: ExampleID
    var label: LabelValue?
    var predicted: LabelValue?
    /// Of the label.
    var probability: Float?
    /// The token that is asked about; absent for all.
    var token: Token?
    /// What the shown passages do to each token, taken together, with `--tokens`.
    var tokens: [ScoredToken]?
    var helpful, harmful: [Influence]
    /// What is to be said of a query whose scores are all 0; absent for others.
    var remark: String?
  }

  /// How the scores were made.
  let settings: ScoringAnswer
  /// What gave the changes their units; absent when nothing did.
  let calibration: CalibrationAnswer?
  /// The file that the scores are from; absent for computed ones.
  let scoreFile: String?
  private(set) var queries: [Query]
  private let sides: (String, String)

  private enum Key: String, CodingKey { case calibration, scoreFile, queries }

  func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encodeIfPresent(calibration, forKey: .calibration)
    try values.encodeIfPresent(scoreFile, forKey: .scoreFile)
    try values.encode(queries, forKey: .queries)
  }

  init(_ found: QueryFindings, _ units: CalibratedUnits? = nil) {
    settings = ScoringAnswer(found.scores)
    calibration = units?.answer
    scoreFile = found.file
    sides = found.sides
    let (train, data) = (found.influence.data.train, found.queries)
    func influences(_ entries: [TopExamples.Entry], of query: ExampleID) -> [Influence] {
      entries.map {
        let change = units?.calibration?[query]?.change(score: $0.score)
        return Influence(
          id: train.ids[$0.row], label: LabelValue(of: $0.row, in: train), score: $0.score,
          change: change.map { found.function?.printed(change: $0.value) ?? $0.value },
          changeError: change?.error)
      }
    }
    queries = found.tops.enumerated().map { row, top in
      let id = found.selection.isMean ? .name(found.selection.name) : data.ids[row]
      var query = Query(
        id: id, label: nil, predicted: nil, probability: nil,
        helpful: influences(top.highest, of: id), harmful: influences(top.lowest, of: id))
      guard let predictions = found.predictions else { return query }
      query.label = LabelValue(of: row, in: data)
      query.predicted =
        data.classes != nil
        ? LabelValue(predicted: predictions.predicted[row], in: data)
        : found.influence.isSequence ? nil : .number(predictions.logits[row, 0])
      query.probability =
        predictions.probabilities.isEmpty ? nil : predictions.probabilities[row]
      query.remark = found.remark(row)
      return query
    }
  }

  /// Adds what is known by token.
  ///
  /// - Parameter shown: the queries with all their tokens.
  mutating func add(
    _ parts: TokenParts?, token: Int?, shown: Dataset, _ tops: [TopExamples], train: Dataset
  ) {
    for (index, top) in tops.enumerated() {
      if let token {
        if queries[index].label != nil {
          queries[index].label = LabelValue(of: index, in: shown)
        }
        let pieces = queries[index].label == nil ? [] : shown.pieces(of: index)
        queries[index].token = Token(
          position: token, text: pieces.indices.contains(token) ? pieces[token] : "")
      }
      guard let parts else { continue }
      func add(to list: inout [Influence], _ entries: [TopExamples.Entry]) {
        for (place, entry) in entries.enumerated() {
          list[place].tokens = parts.tokens(query: index, row: entry.row, in: train)
          list[place].queryTokens = parts.queryTokens(index, under: entry.row, in: shown)
        }
      }
      queries[index].tokens = parts.queryTokens(index, in: shown)
      add(to: &queries[index].helpful, top.highest)
      add(to: &queries[index].harmful, top.lowest)
    }
  }

  /// Tables for reading.
  var text: String {
    var parts = ["scores: \(settings.sign); unit: \(settings.unit)"]
    for query in queries {
      var heading = "\nquery \(query.id)"
      if let label = query.label {
        heading += ": label \(label.text)"
        if let predicted = query.predicted { heading += ", predicted \(predicted.text)" }
        if let probability = query.probability {
          heading += String(format: ", p(label) = %.4f", probability)
        }
      } else {
        heading += ": the mean of the whole test set"
      }
      if let token = query.token { heading += "; token \(token.position) '\(token.text)'" }
      parts.append(heading)
      if let tokens = query.tokens {
        parts.append("tokens that the passages below act on most: " + ScoredToken.marked(tokens))
      }
      if (query.helpful + query.harmful).contains(where: { $0.tokens != nil }) {
        parts += query.passages(sides)
        continue
      }
      let isCalibrated = (query.helpful + query.harmful).contains { $0.change != nil }
      let change = isCalibrated ? ["removed: \(settings.outputFunction)"] : []
      var table = TextTable(
        ["", "\(sides.0) id", "label", "score"] + change
          + ["\(sides.1) id", "label", "score"] + change)
      for rank in 0..<max(query.helpful.count, query.harmful.count) {
        func cells(_ list: [Influence]) -> [String] {
          guard rank < list.count else {
            return [String](repeating: "", count: 3 + change.count)
          }
          return [
            list[rank].id.description, list[rank].label.text,
            String(format: "%+.4g", list[rank].score),
          ] + (isCalibrated ? [list[rank].changeText] : [])
        }
        table.append(["\(rank + 1)"] + cells(query.helpful) + cells(query.harmful))
      }
      parts.append(table.text)
      if let remark = query.remark { parts.append(remark) }
      if let remark = query.changesRemark { parts.append(remark) }
    }
    return parts.joined(separator: "\n")
  }

  /// One line a query and training example.
  var csv: String {
    var writer = CSVWriter(header: ["query", "side", "rank", "id", "label", "score"])
    for query in queries {
      for (side, list) in [(sides.0, query.helpful), (sides.1, query.harmful)] {
        for (rank, entry) in list.enumerated() {
          writer.append([
            query.id.description, side, "\(rank + 1)", entry.id.description, entry.label.text,
            CSVWriter.field(entry.score),
          ])
        }
      }
    }
    return writer.text
  }
}
