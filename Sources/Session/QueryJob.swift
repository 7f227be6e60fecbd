import Answers
import Datasets
import Evaluation
import Influence
import Networks
import Reports
import Tensors

/// Asks which training examples made the model answer this.
public struct QueryJob: Sendable {
  /// The queries: ids such as `17` or `3,5`, `misclassified`, or `all`, their mean.
  public var test: String
  /// Helpful and harmful examples to show.
  public var top = 10
  /// Queries to show at the most, with `misclassified`.
  public var limit = 20
  /// The token of the queries, from 1, whose prediction is asked about; nil: all.
  public var token: Int?
  /// Whether scores are taken apart by token.
  public var byToken = false
  /// The file of scores to answer from; nil: they are computed.
  public var scores: String?
  /// The bank to fuse the scores with; nil: none.
  public var bank: String?
  /// How the scores are made.
  public var scoring = ScoringRequest(diagnosesDamping: .last)
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?

  /// A question with everything else left open.
  public init(test: String) { self.test = test }

  /// An answer with what its page is made of.
  public struct Result: Sendable {
    /// The answer.
    public let answer: QueryAnswer
    let found: QueryFindings
    let notes: [String]
    let passages: Passages

    /// The answer as a page.
    public func page() throws -> AttributionReport {
      try QueryPage(found, notes: notes, passages: passages).report
    }
  }

  /// Asks.
  ///
  /// - Throws: `InfluenceError` and `DatasetError` for questions that the run does not suit;
  ///   errors of its files; `JobCancelled`.
  public func run(in session: Session) throws -> Result {
    if let scores {
      return try answer(try QueryScores(file: scores, of: session), session.control)
    }
    let setup = try ScoringSession(session, scoring, layers: layers, asks: .query)
    if byToken { try setup.influence.data.train.requireTokens() }
    let fused = try setup.fused(with: bank, token: token)
    return try answer(QueryScores(setup, fused, token: token), session.control, setup)
  }

  /// - Parameter setup: what takes scores apart by token; nil for scores of a file.
  private func answer(
    _ asked: QueryScores, _ control: JobControl, _ setup: ScoringSession? = nil
  ) throws -> Result {
    let data = asked.influence.data
    let selection = try QuerySelection(test, limit: limit, of: asked.influence, control)
    let shown = data.test.subset(selection.rows)
    let queries = try token.map { try shown.targeting(token: $0) } ?? shown
    let tops =
      selection.rows.isEmpty ? [] : try asked.tops(selection.rows, selection.isMean, top)
    let found = try QueryFindings(
      asked.influence, try asked.description(), selection, queries, tops, file: asked.file)
    let units =
      found.scores.fusion == nil && !(selection.isMean && asked.isMeanOfScores)
      ? try CalibratedUnits(found.scores, token: token, of: asked.influence.run, control) : nil
    let parts = try setup.flatMap { setup in
      byToken ? try TokenParts(setup, selection, queries, tops, token: token) : nil
    }
    var answer = QueryAnswer(found, units)
    answer.add(parts, token: token, shown: shown, tops, train: data.train)
    try asked.explain()
    return Result(
      answer: answer, found: found, notes: try asked.notes(),
      passages: Passages(shown: shown, token: token, parts: parts))
  }
}

extension Session {
  /// Asks which training examples made the model answer this.
  ///
  /// - Parameters:
  ///   - test: ids such as `17` or `3,5`, `misclassified`, or `all`, their mean.
  ///   - top: helpful and harmful examples to show.
  public func query(_ test: String, top: Int = 10) throws -> QueryAnswer {
    var job = QueryJob(test: test)
    job.top = top
    return try job.run(in: self).answer
  }
}
