import Datasets
import Evaluation
import Foundation
import Influence
import Reports
import Tensors

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
