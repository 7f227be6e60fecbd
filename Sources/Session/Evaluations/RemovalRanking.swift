import Datasets
import Evaluation
import Influence
import Tensors

/// All training examples in the order of their help for some test examples.
struct RemovalRanking {
  /// Rows of the training set, most helpful first; ties in row order.
  let order: [Int]
  /// Rows of the test set; nil: all.
  let queries: [Int]?
  /// How it was made.
  let record: SubsetRanking

  /// By a method with its defaults; nil: the run's own.
  ///
  /// - Parameter token: the only token of the queries that is asked about; nil: all.
  init(by method: Method?, of test: String, token: Int?, _ session: Session) throws {
    let setup = try ScoringSession(session, ScoringRequest(method: method))
    let data = setup.influence.data.test
    let rows = try RemovalRanking.rows(of: test, in: data)
    let asked = try EvaluationQueries(data, token: token, rows: rows)
    if let remark = asked.remark { session.control.note("note: \(remark)") }
    let scores = try setup.scorer.scores(asked.data, mean: true)
    queries = asked.remark == nil ? rows : asked.rows
    order = SubsetRanking.order(of: scores.row(0))
    record = SubsetRanking(
      try setup.description(),
      queries: asked.remark == nil
        ? RemovalRanking.names(rows, data)
        : "mean of \(asked.rows.count) of \(data.count) test examples",
      token: token)
  }

  /// By the mean of rows of a file of scores.
  init(reading path: String, of test: String, _ session: Session) throws {
    let influence = try session.influence()
    let file = try ScoreFile(path)
    let (train, data) = (influence.data.train, influence.data.test)
    try file.requireMade(
      from: try influence.identity(checkpoints: file.header.checkpoints, examples: data))
    queries = try RemovalRanking.rows(of: test, in: data)
    var sum = [Double](repeating: 0, count: train.count)
    for query in queries ?? Array(0..<data.count) {
      for (i, value) in try file.scores(query..<query + 1).row(0).enumerated() {
        sum[i] += Double(value)
      }
    }
    order = SubsetRanking.order(of: sum.map { Float($0) })
    record = SubsetRanking(file.header, queries: RemovalRanking.names(queries, data))
  }

  private static func rows(of test: String, in data: Dataset) throws -> [Int]? {
    test == "all" ? nil : try data.rows(named: test, field: "‹test›")
  }

  private static func names(_ rows: [Int]?, _ data: Dataset) -> String {
    guard let rows else { return "mean of all \(data.count) test examples" }
    return "test " + rows.map { data.ids[$0].description }.joined(separator: " ")
  }
}
