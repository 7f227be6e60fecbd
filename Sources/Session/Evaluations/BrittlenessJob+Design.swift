import Datasets
import Evaluation
import Influence
import Randomness
import Networks
import Training
import Tensors

extension BrittlenessJob {
  /// The sizes of removal of n training examples, ascending, each once.
  ///
  /// - Throws: `EvaluationError.request` for sizes that leave nothing out, or nothing in.
  func sizes(of count: Int) throws(EvaluationError) -> [Int] {
    guard let removals else {
      return Set(
        [0.01, 0.02, 0.05, 0.1, 0.2].map { max(1, Int(($0 * Double(count)).rounded())) }
      ).filter { $0 < count }.sorted()
    }
    guard !removals.isEmpty, removals.allSatisfy({ (1..<count).contains($0) }) else {
      throw .request(
        problem: "‹removals› takes numbers from 1 to \(count - 1), not "
          + (removals.isEmpty ? "none" : removals.map(String.init).joined(separator: ",")),
        field: "‹removals›", remedy: "for instance ‹removals: 10,20,50›, or leave them out")
    }
    return Set(removals).sorted()
  }

  /// The design, its rankings by each query's own scores.
  func design(_ setup: ScoringSession, _ asked: EvaluationQueries) throws -> SubsetDesign {
    let data = setup.influence.data
    if rise != nil && (!setup.influence.isSequence || token != nil) {
      throw EvaluationError.design(
        problem: "a rise of the loss is for whole sequences; others flip by their prediction",
        field: "‹rise›", remedy: "leave ‹rise› out")
    }
    let rows = try queries(setup.influence, asked)
    let sizes = try sizes(of: data.train.count)
    try requireBudget(queries: rows.count, sizes: sizes.count)
    let scores = try setup.scorer.scores(try asked.subset(rows))
    return try .brittleness(
      orders: rows.enumerated().map {
        (query: $1, order: SubsetRanking.order(of: scores.row($0)))
      },
      counts: sizes, draws: draws, of: data.train.count,
      ranking: SubsetRanking(try setup.description(), queries: "each query's own", token: token))
  }

  /// Refuses more models than were asked for, and says how many queries there is room for.
  private func requireBudget(queries: Int, sizes: Int) throws(EvaluationError) {
    let perQuery = sizes * models
    let shared = (1 + draws * sizes) * models
    let needed = queries * perQuery + shared
    guard needed > budget else { return }
    let room = perQuery > 0 ? max(0, (budget - shared) / perQuery) : 0
    throw .design(
      problem: "\(queries) queries × \(sizes) removals × \(models) models, and \(shared) models "
        + "shared by them, are \(needed), more than the budget of \(budget)",
      field: "‹budget›",
      remedy: room > 0
        ? "ask about \(room) queries, or raise ‹budget›" : "raise ‹budget› to \(needed)")
  }

  /// Rows of the test set.
  private func queries(
    _ influence: RunInfluence, _ asked: EvaluationQueries
  ) throws -> [Int] {
    let data = influence.data.test
    guard influence.isClassification else {
      throw EvaluationError.notDefined(
        kind: "brittleness", reason: "the targets are numbers, and no prediction flips",
        run: influence.run.name, remedy: "use ascribe evaluate \(influence.run.name) removal")
    }
    if let test { return try data.rows(named: test, field: "‹test›") }
    let right = try predictedRightly(influence, asked)
    guard !right.isEmpty else {
      throw EvaluationError.notDefined(
        kind: "brittleness",
        reason: "the run predicts no test example\(token == nil ? "" : "'s token") rightly",
        run: influence.run.name, remedy: "name test ids with ‹test›")
    }
    return RandomStream(seed: 0, purpose: .subset, index: 2 << 32)
      .sample(min(count, right.count), of: right.count).map { right[$0] }.sorted()
  }

  /// The rows to draw from: those that the run predicts rightly; of whole sequences all.
  private func predictedRightly(
    _ influence: RunInfluence, _ asked: EvaluationQueries
  ) throws -> [Int] {
    guard influence.isSequence else {
      let correct = try influence.predictions(for: asked.test).correct
      return asked.rows.filter { correct[$0] }
    }
    guard token != nil else { return asked.rows }
    let outputs = try influence.sequenceOutputs(for: asked.data)
    guard let place = SequenceOutputs.functions.firstIndex(of: .hardMargin) else { return [] }
    return zip(asked.rows, outputs.sums[place]).filter { $0.1 > 0 }.map(\.0)
  }
}

extension Dataset {
  /// Rows of ids such as `3,17`, or of those in a file, one a line: `@FILE`.
  ///
  /// - Parameter field: the request's field, in backticks.
  /// - Throws: `EvaluationError.request` for no ids, or one twice; `DatasetError` for unknown ones.
  func rows(named text: String, field: String) throws -> [Int] {
    let isFile = text.hasPrefix("@")
    let ids =
      isFile
      ? try readIDs(String(text.dropFirst()))
      : text.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
        .map { ExampleID($0) }
    func refuse(_ problem: String) -> EvaluationError {
      .request(
        problem: "\(field) names \(problem)", field: field,
        remedy: "write ids such as 3,17, or @FILE with one a line")
    }
    if ids.isEmpty { throw refuse("no example") }
    let rows = try rows(of: ids, in: isFile ? String(text.dropFirst()) : field)
    guard Set(rows).count == rows.count else { throw refuse("an example twice") }
    return rows
  }
}
