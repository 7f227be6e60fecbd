import ArgumentParser
import Datasets
import Evaluation
import Influence
import Tensors
import Training

/// All training examples in the order of their help for some test examples.
struct RemovalRanking {
  /// Rows of the training set, most helpful first; ties in row order.
  let order: [Int]
  /// Rows of the test set; nil: all.
  let queries: [Int]?
  /// How it was made.
  let record: SubsetRanking

  /// By a method with its defaults.
  static func computed(
    _ method: String?, run name: String, test: String, token: Int?, _ common: CommonOptions
  ) throws -> (RunInfluence, RemovalRanking) {
    let setup = try ScoringSetup(
      try common.open(name),
      ScoringRequest(method: try method.map { try MethodTable.standard.method(named: $0) }))
    let data = setup.influence.data.test
    let rows = try rows(of: test, in: data)
    let queries = try EvaluationQueries(data, token: token, rows: rows)
    if let remark = queries.remark { Console.line("note: \(remark)") }
    let scores = try setup.scorer.scores(queries.data, mean: true)
    let asked = queries.remark == nil ? rows : queries.rows
    let ranking = RemovalRanking(
      order: order(of: scores.row(0)), queries: asked,
      record: SubsetRanking(
        try setup.description(),
        queries: queries.remark == nil
          ? queryNames(rows, data)
          : "mean of \(queries.rows.count) of \(data.count) test examples",
        token: token))
    return (setup.influence, ranking)
  }

  /// By the mean of rows of a file of `ascribe score`.
  static func read(
    _ path: String, run name: String, test: String, _ common: CommonOptions
  ) throws -> (RunInfluence, RemovalRanking) {
    let influence = try RunInfluence(try common.open(name))
    let file = try ScoreFile(path)
    let (train, data) = (influence.data.train, influence.data.test)
    try file.requireMade(
      from: try influence.identity(checkpoints: file.header.checkpoints, examples: data))
    let rows = try rows(of: test, in: data)
    var sum = [Double](repeating: 0, count: train.count)
    for query in rows ?? Array(0..<data.count) {
      for (i, value) in try file.scores(query..<query + 1).row(0).enumerated() {
        sum[i] += Double(value)
      }
    }
    let record = SubsetRanking(file.header, queries: queryNames(rows, data))
    return (
      influence,
      RemovalRanking(order: order(of: sum.map { Float($0) }), queries: rows, record: record)
    )
  }

  /// Rows by falling score; a NaN is last.
  static func order(of scores: [Float]) -> [Int] {
    let values = scores.map { $0.isNaN ? -Float.infinity : $0 }
    return values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
  }

  private static func rows(of test: String, in data: Dataset) throws -> [Int]? {
    test == "all" ? nil : try data.rows(named: test, option: "--test")
  }

  private static func queryNames(_ rows: [Int]?, _ data: Dataset) -> String {
    guard let rows else { return "mean of all \(data.count) test examples" }
    return "test " + rows.map { data.ids[$0].description }.joined(separator: " ")
  }
}
