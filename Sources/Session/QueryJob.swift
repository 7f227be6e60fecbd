import Answers
import Datasets
import Evaluation
import Influence
import Networks
import Reports
import Tensors

/// Asks which training examples made the model answer this.
public struct QueryJob: Sendable {
  /// What is asked about.
  public enum Queries: Sendable, Equatable {
    /// Test examples: ids such as `17` or `3,5`, `misclassified`, `unlabelled`, or `all`, their mean.
    case test(String)
    /// Examples of a file that is in no split.
    case input(QueryInput)
  }

  /// What is asked about.
  public var queries: Queries
  /// The class that test examples without a label are asked about, by name or number; nil: the
  /// predicted one.
  ///
  /// `QueryInput` has its own.
  public var unlabelledClass: String?
  /// Helpful and harmful examples to show.
  public var top = 10
  /// Queries to show at the most, with `misclassified`.
  public var limit = 20
  /// The token of the queries, from 1, whose prediction is asked about; nil: all.
  public var token: Int?
  /// Whether scores are taken apart by token.
  public var byToken = false
  /// The parts of the network that scores are taken apart by; nil: none.
  public var byComponent: ScoreSplit?
  /// The file of scores to answer from; nil: they are computed.
  public var scores: String?
  /// The bank to fuse the scores with; nil: none.
  public var bank: String?
  /// How the scores are made.
  public var scoring = ScoringRequest(diagnosesDamping: .last)
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?
  /// How much is said about how the scores are made.
  public var diagnosis = DiagnosisText.Extent.line

  /// A question about test examples with everything else left open: ids such as `17` or `3,5`,
  /// `misclassified`, or `all`, their mean.
  public init(test: String) { queries = .test(test) }

  /// A question about what is in no split with everything else left open.
  public init(input: QueryInput) { queries = .input(input) }

  /// An answer with what its page is made of.
  public struct Result: Sendable {
    /// The answer.
    public let answer: QueryAnswer
    let found: QueryFindings
    let notes: [String]
    let passages: Passages

    /// The answer as a page.
    public func page() throws -> AttributionReport {
      try QueryPage(found, answer, notes: notes, passages: passages).report
    }
  }

  /// Asks.
  ///
  /// - Throws: `InfluenceError`, `DatasetError` and `SessionError` for questions that the run does
  ///   not suit; errors of its files; `JobCancelled`.
  public func run(in session: Session) throws -> Result {
    let control = session.control
    if byComponent != nil {
      if scores != nil { throw SessionError.noParts(field: "‹scores›", reason: "a file of scores") }
      if bank != nil {
        throw SessionError.noParts(field: "‹fusedWith›", reason: "what is fused with a bank")
      }
    }
    switch queries {
    case .test(let test):
      if let read = try unlabelled(test, session) {
        try requireScoring()
        return try answer(read, unlabelledClass, session)
      }
      if unlabelledClass != nil { throw SessionError.labelled(test) }
      if let scores {
        let found = try QueryScores(file: scores, of: session)
        return try answer(
          found, try AskedQueries(test, limit: limit, of: found.influence, control), session)
      }
      let setup = try ScoringSession(
        session, scoring, layers: layers, asks: .query, diagnosis: diagnosis)
      if byToken { try setup.influence.data.train.requireTokens() }
      let fused = try setup.fused(with: bank, token: token)
      let found = QueryScores(setup, of: setup.influence.data.test, fused, token: token)
      return try answer(
        found, try AskedQueries(test, limit: limit, of: setup.influence, control), session, setup)
    case .input(let input):
      try requireScoring()
      let influence = try session.influence(layers: layers)
      let read = try influence.run.configuration().data.readInput(input.file, like: influence.data)
      return try answer((read, nil), input.class, session)
    }
  }

  /// The test examples without a label that are asked about, and their rows among all of those; nil
  /// where others are asked about.
  ///
  /// - Throws: `SessionError.mixedQueries` for some with and some without a label.
  private func unlabelled(
    _ test: String, _ session: Session
  ) throws -> (InputExamples, rows: [Int]?)? {
    let data = try session.influence(layers: layers).data
    guard let unlabelled = data.unlabelled else {
      if test == "unlabelled" { throw SessionError.noUnlabelled }
      return nil
    }
    if test == "all" || test == "misclassified" { return nil }
    let ids = unlabelled.names ?? []
    var rows = Array(ids.indices.prefix(limit))
    if test == "unlabelled" {
      session.control.note("\(ids.count) test examples without a label, showing \(rows.count)")
    } else {
      let asked = ExampleID.list(test)
      rows = asked.compactMap { id in ids.firstIndex(of: id) }
      if rows.isEmpty { return nil }
      guard rows.count == asked.count else {
        throw SessionError.mixedQueries(unlabelled: ids[rows[0]])
      }
    }
    return (unlabelled.subset(rows), rows)
  }

  /// Refuses what knows nothing of examples without a label or in no split.
  private func requireScoring() throws(SessionError) {
    if scores != nil {
      throw SessionError.notForInput(
        field: "‹scores›", reason: "such a file has scores of the run's own examples")
    }
    if bank != nil {
      throw SessionError.notForInput(
        field: "‹fusedWith›", reason: "a bank keeps outputs of the run's test examples")
    }
  }

  /// Asks about what has no label or is in no split.
  ///
  /// - Parameter asked: the class that is asked about.
  private func answer(
    _ read: (InputExamples, rows: [Int]?), _ asked: String?, _ session: Session
  ) throws -> Result {
    let influence = try session.influence(layers: layers)
    if byToken { try influence.data.train.requireTokens() }
    let asked = try AskedQueries(
      read.0, asking: asked, ofSplit: read.rows != nil, of: influence, session.control)
    let request = try asked.completing(
      scoring, influence.data.train.outputCount, session.control)
    let setup = try ScoringSession(
      session, request, layers: layers, asks: .outside, diagnosis: diagnosis)
    return try answer(
      QueryScores(setup, of: asked.set, token: token), asked, session, setup)
  }

  /// - Parameter setup: what takes scores apart by token; nil for scores of a file.
  private func answer(
    _ asked: QueryScores, _ questions: AskedQueries, _ session: Session,
    _ setup: ScoringSession? = nil
  ) throws -> Result {
    let control = session.control
    let data = asked.influence.data
    let selection = questions.selection
    let map = try setup.flatMap { setup in try byComponent?.map(of: setup) }
    let shown = questions.set.subset(selection.rows)
    if !selection.isMean { QueryCopies.say(shown, in: data.train, control) }
    let queries = try token.map { try shown.targeting(token: $0) } ?? shown
    let tops =
      selection.rows.isEmpty ? [] : try asked.tops(selection.rows, selection.isMean, top)
    let found = try QueryFindings(
      asked.influence, try asked.description(), selection, queries, tops, file: asked.file,
      outside: questions.outside)
    if questions.outside != nil { CalibratedUnits.sayNone(of: asked.influence.run, control) }
    let units =
      questions.outside == nil && found.scores.fusion == nil
        && !(selection.isMean && asked.isMeanOfScores)
      ? try CalibratedUnits(found.scores, token: token, of: asked.influence.run, control) : nil
    let parts = try setup.flatMap { setup in
      byToken ? try TokenParts(setup, selection, queries, tops, token: token) : nil
    }
    var answer = QueryAnswer(found, units)
    answer.add(parts, token: token, shown: shown, tops, train: data.train)
    if let setup, let byComponent, let map {
      answer.add(
        try ComponentParts(
          byComponent, map, setup, questions, queries, tops, token: token, in: session), tops)
    }
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

  /// Asks which training examples made the model say this of an example that is in no split.
  ///
  /// - Parameter top: helpful and harmful examples to show.
  public func query(_ input: QueryInput, top: Int = 10) throws -> QueryAnswer {
    var job = QueryJob(input: input)
    job.top = top
    return try job.run(in: self).answer
  }
}
