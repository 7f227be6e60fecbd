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
  @Option(help: "Write the answer as CSV.") var csv: String?
  @Option(help: "Write the answer as a self-contained HTML page.") var report: String?
  @Option(help: "Checkpoints whose spectrum and cross-validation are computed: none, last, all.")
  var diagnose: DampingDiagnosis = .last
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var fusing: FuseOptions
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
    if fusing.fuse != nil && (tokens || token != nil) {
      throw ValidationError("--tokens and --token are not for scores fused with a bank")
    }
    if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
  }

  func run() throws {
    common.begin()
    let setup = try ScoringSetup(
      run: runName, method, common, diagnosesDamping: diagnose, asks: .query)
    let data = setup.influence.data
    let selection = try QuerySelection(test, in: data.test, limit: limit, setup: setup)
    let shown = data.test.subset(selection.rows)
    let queries = try token.map { try shown.targeting(token: $0) } ?? shown
    if tokens { try data.train.requireTokens() }
    let fused = try fusing.scorer(setup)
    let tops =
      try fused?.top(selection.rows, mean: selection.isMean, limit: top)
      ?? setup.scorer.top(queries, mean: selection.isMean, limit: top)
    let units = fused == nil ? try CalibratedUnits(setup) : nil
    let parts = tokens ? try TokenParts(setup, selection, queries, tops, token: token) : nil
    var answer = try QueryAnswer(setup, selection, queries, tops, fused?.record, units)
    answer.add(parts, token: token, shown: shown, tops, train: data.train)
    try setup.explain()
    if let csv { try AtomicFile.write(answer.csv, to: csv) }
    if let report {
      let page = try QueryPage(
        setup, selection, queries, tops, fused?.record,
        passages: Passages(shown: shown, token: token, parts: parts))
      try AtomicFile.write(page.report.html(), to: report)
      Console.line("wrote \(report)")
    }
    Console.output(json ? try JSON.text(answer, layout: .compact) : answer.text)
  }
}

extension QueryAnswer.Query {
  /// The shown passages, a line each, with their strongest tokens marked.
  fileprivate var passages: [String] {
    [("helpful", helpful), ("harmful", harmful)].map { name, list in
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

  init(_ text: String, in test: Dataset, limit: Int, setup: ScoringSetup) throws {
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
      let wrong = try setup.predictions(for: test).correct
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
    let predicted: LabelValue?
    /// Of the label.
    let probability: Float?
    /// The token that is asked about; absent for all.
    var token: Token?
    /// What the shown passages do to each token, taken together, with `--tokens`.
    var tokens: [ScoredToken]?
    var helpful, harmful: [Influence]
  }

  let run, method, outputFunction, unit, sign, exampleWeight, dampingProfile, kernel: String
  /// The layers that scores are over; absent for all.
  let layers: String?
  let checkpoints: [String]
  let damping: [DampingAnswer]
  /// How the scores were fused; absent when they were not.
  let fusion: ScoreFile.Fusion?
  /// What gave the changes their units; absent when nothing did.
  let calibration: CalibrationAnswer?
  private(set) var queries: [Query]

  init(
    _ setup: ScoringSetup, _ selection: QuerySelection, _ data: Dataset, _ tops: [TopExamples],
    _ fusion: ScoreFile.Fusion? = nil, _ units: CalibratedUnits? = nil
  ) throws {
    self.fusion = fusion
    calibration = units?.answer
    run = setup.influence.run.name
    method = fusion == nil ? setup.options.method.name : "fused"
    outputFunction = setup.options.outputFunction.rawValue
    unit = setup.options.unit(fused: fusion != nil)
    sign = setup.options.outputFunction.signSentence
    exampleWeight = setup.options.exampleWeight.description
    dampingProfile = setup.options.dampingProfile.rawValue
    kernel = setup.scorer.kernelName
    layers = setup.influence.selectionText
    checkpoints = setup.scorer.checkpointNames
    damping = try setup.dampingAnswers()
    let train = setup.influence.data.train
    func influences(_ entries: [TopExamples.Entry], of query: ExampleID) -> [Influence] {
      entries.map {
        let change = units?.calibration?[query]?.change(score: $0.score)
        let function = setup.options.outputFunction
        return Influence(
          id: train.ids[$0.row], label: LabelValue(of: $0.row, in: train), score: $0.score,
          change: change.map { function.printed(change: $0.value) }, changeError: change?.error)
      }
    }
    if selection.isMean {
      queries = tops.map {
        Query(
          id: .name(selection.name), label: nil, predicted: nil, probability: nil,
          helpful: influences($0.highest, of: .name(selection.name)),
          harmful: influences($0.lowest, of: .name(selection.name)))
      }
      return
    }
    let predictions = try setup.predictions(for: data)
    let isClassification = data.classes != nil
    queries = tops.enumerated().map { row, top in
      Query(
        id: data.ids[row], label: LabelValue(of: row, in: data),
        predicted: isClassification
          ? LabelValue(predicted: predictions.predicted[row], in: data)
          : setup.influence.isSequence ? nil : .number(predictions.logits[row, 0]),
        probability: predictions.probabilities.isEmpty ? nil : predictions.probabilities[row],
        helpful: influences(top.highest, of: data.ids[row]),
        harmful: influences(top.lowest, of: data.ids[row]))
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
    var parts = ["scores: \(sign); unit: \(unit)"]
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
        parts += query.passages
        continue
      }
      let isCalibrated = (query.helpful + query.harmful).contains { $0.change != nil }
      let change = isCalibrated ? ["removed: \(outputFunction)"] : []
      var table = TextTable(
        ["", "helpful id", "label", "score"] + change + ["harmful id", "label", "score"] + change)
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
      if let remark = query.changesRemark { parts.append(remark) }
    }
    return parts.joined(separator: "\n")
  }

  /// One line a query and training example.
  var csv: String {
    var writer = CSVWriter(header: ["query", "side", "rank", "id", "label", "score"])
    for query in queries {
      for (side, list) in [("helpful", query.helpful), ("harmful", query.harmful)] {
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
