import Datasets
import Evaluation
import Influence
import Networks
import Reports
import Tensors

/// What made a model answer this: the training examples that helped and harmed each query.
public struct QueryAnswer: Answer, Equatable {
  /// A training example with its score.
  public struct Influence: Codable, Equatable, Sendable {
    /// The training example.
    public let id: ExampleID
    /// Its label.
    public let label: LabelValue
    /// Positive = training on it helped the query.
    public let score: Float
    /// Expected change of f without the example, and half its 95 % interval, when calibrated.
    public let change, changeError: Double?
    /// The parts of the score by token, where asked: of the passage, and of the query.
    public var tokens, queryTokens: [ScoredToken]?
    /// The parts of the score by layer, where asked; they sum to it.
    public var layers: [LayerScore]?
    /// The parts by component, where asked: with `rest` they sum to the score.
    public var components: [ComponentScore]?
    /// The part of the parameters that are no component's.
    public var rest: Double?
  }
  /// Where a query is from that is in no split.
  public struct Input: Codable, Equatable, Sendable {
    /// The file.
    public let file: String
    /// Its place in it, from 0.
    public let row: Int
    /// The name that the file gives it; absent where it gives none.
    public let id: ExampleID?
  }
  /// The token that is asked about.
  public struct Token: Codable, Equatable, Sendable {
    /// Its place in the sequence, from 1 as the first that is predicted.
    public let position: Int
    /// Its text.
    public let text: String
  }
  /// What is asked about, with its answer.
  public struct Query: Codable, Equatable, Sendable {
    /// The test example, or the name of a mean; absent for what is in no split.
    public let id: ExampleID?
    /// Where it is from, when it is in no split; absent for others.
    public var input: Input?
    /// Its label, and what the model predicts.
    public var label, predicted: LabelValue?
    /// The class that is asked about, of what is in no split; absent for others.
    public var asked: LabelValue?
    /// Of the label; of `asked` where there is one.
    public var probability: Float?
    /// The token that is asked about; absent for all.
    public var token: Token?
    /// What the shown passages do to each token, taken together, where asked.
    public var tokens: [ScoredToken]?
    /// What keeping each component adds to f of the query, where asked and not too long.
    public var components: [ComponentScore]?
    /// Training examples with scores above 0, and below it, the largest first.
    public var helpful, harmful: [Influence]
    /// What is to be said of a query whose scores are all 0; absent for others.
    public var remark: String?
  }

  /// How the scores were made.
  public let settings: ScoringAnswer
  /// What gave the changes their units; absent when nothing did.
  public let calibration: CalibrationAnswer?
  /// The file that the scores are from; absent for computed ones.
  public let scoreFile: String?
  /// The queries.
  public internal(set) var queries: [Query]
  /// How the two sides are called: what raises a prediction has not always helped.
  var sides: (String, String) {
    settings.outputFunction == OutputFunction.prediction.rawValue
      ? ("raised", "lowered") : ("helpful", "harmful")
  }

  private enum Key: String, CodingKey { case calibration, scoreFile, queries }

  /// The fields of `settings` beside the others.
  public init(from decoder: any Decoder) throws {
    settings = try ScoringAnswer(from: decoder)
    let values = try decoder.container(keyedBy: Key.self)
    calibration = try values.decodeIfPresent(CalibrationAnswer.self, forKey: .calibration)
    scoreFile = try values.decodeIfPresent(String.self, forKey: .scoreFile)
    queries = try values.decode([Query].self, forKey: .queries)
  }

  /// The fields of `settings` beside the others.
  public func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encodeIfPresent(calibration, forKey: .calibration)
    try values.encodeIfPresent(scoreFile, forKey: .scoreFile)
    try values.encode(queries, forKey: .queries)
  }

  package init(_ found: QueryFindings, _ units: CalibratedUnits? = nil) {
    settings = ScoringAnswer(found.scores)
    calibration = units?.answer
    scoreFile = found.file
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
        id: found.outside == nil ? id : nil, input: found.outside?.input(row),
        helpful: influences(top.highest, of: id), harmful: influences(top.lowest, of: id))
      guard let predictions = found.predictions else { return query }
      query.label = found.label(row)
      if found.outside != nil && data.classes != nil {
        query.asked = LabelValue(of: row, in: data)
      }
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
  package mutating func add(
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
}
