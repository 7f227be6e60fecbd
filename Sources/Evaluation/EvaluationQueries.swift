import Datasets
import Influence

/// The test examples as an evaluation asks about them: whole, or one token of each sequence.
public struct EvaluationQueries: Sendable {
  /// The whole test set.
  public let test: Dataset
  /// The only token that is asked about, from 1; nil for all targets.
  public let token: Int?
  /// The rows of the test set that are asked about, in order.
  public let rows: [Int]
  /// Whether `rows` are all of them.
  let isWhole: Bool
  /// The examples of `rows`, with the targets that are asked about.
  public let data: Dataset

  /// The queries of a test set.
  ///
  /// - Parameters:
  ///   - token: the only token that is asked about, of those examples that predict it.
  ///   - rows: rows of the test set that are asked about; nil: all.
  /// - Throws: `InfluenceError.notDefined` for a token of examples that are no sequences, and for
  ///   one that no example predicts, or one of `rows` does not.
  public init(_ test: Dataset, token: Int? = nil, rows: [Int]? = nil) throws(InfluenceError) {
    (self.test, self.token) = (test, token)
    var chosen = rows ?? Array(0..<test.count)
    if let token, rows == nil {
      let able = chosen.filter { test.predictsToken(token, row: $0) }
      // Of none the error names the first.
      if !able.isEmpty { chosen = able }
    }
    self.rows = chosen
    isWhole = chosen == Array(0..<test.count)
    let some = isWhole ? test : test.subset(chosen)
    data = if let token { try some.targeting(token: token) } else { some }
  }

  /// The number of targets of each query: 1 where one token is asked about, or of classes and
  /// numbers.
  public var targetCounts: [Int] {
    data.targets.tokenCounts ?? [Int](repeating: 1, count: rows.count)
  }

  /// What is to be said where some examples are too short for the token; nil where none is.
  public var remark: String? {
    guard let token, rows.count < test.count else { return nil }
    return "\(rows.count) of \(test.count) test examples predict a token \(token); "
      + "the others are left out"
  }

  /// Some of the queries by their rows of the test set, with the targets that are asked about.
  ///
  /// - Throws: `InfluenceError.notDefined` for one that does not predict the token.
  public func subset(_ wanted: [Int]) throws(InfluenceError) -> Dataset {
    let some = test.subset(wanted)
    guard let token else { return some }
    return try some.targeting(token: token)
  }
}

extension Dataset {
  /// Whether an example predicts a token at a position, from 1; never for those that are no
  /// sequences.
  fileprivate func predictsToken(_ position: Int, row: Int) -> Bool {
    guard case .tokens(let tokens, _) = targets else { return false }
    let width = tokens.rowLength
    // Padding is at the end.
    return (1..<max(1, width)).contains(position) && tokens[row * width + position] >= 0
  }
}
