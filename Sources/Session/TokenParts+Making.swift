import Answers
import Datasets
import Influence
import Tensors

extension TokenParts {
  /// Takes the scores of the shown examples apart; nothing else is held.
  ///
  /// - Parameter token: the only token of the queries that is asked about.
  init(
    _ setup: ScoringSession, _ selection: QuerySelection, _ data: Dataset, _ tops: [TopExamples],
    token: Int?
  ) throws {
    let rows = tops.map { top in
      var seen = Set<Int>()
      return (top.highest + top.lowest).map(\.row).filter { seen.insert($0).inserted }
    }
    func parts(
      _ found: (Dataset, [Int]) throws -> Matrix<Float>
    ) rethrows -> [[Int: [Float]]] {
      try rows.enumerated().map { index, rows in
        // Without a score above or below 0 nothing is shown.
        if rows.isEmpty { return [:] }
        let parts = try found(selection.isMean ? data : data.subset([index]), rows)
        return Dictionary(uniqueKeysWithValues: zip(rows, rows.indices.map { parts.row($0) }))
      }
    }
    let training = try parts { try setup.scorer.tokenScores($0, rows: $1) }
    let queries =
      selection.isMean || token != nil
      ? [] : try parts { try setup.scorer.queryTokenScores($0, rows: $1) }
    self.init(training: training, queries: queries)
  }
}
