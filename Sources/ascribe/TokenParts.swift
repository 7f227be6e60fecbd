import Datasets
import Influence
import Reports
import Tensors

/// What each token of the shown training passages adds to their scores, by query and row.
struct TokenParts {
  private let parts: [[Int: [Float]]]

  /// Takes the scores of the shown examples apart; nothing else is held.
  init(_ setup: ScoringSetup, _ selection: QuerySelection, _ data: Dataset, _ tops: [TopExamples])
    throws
  {
    let train = setup.influence.data.train
    parts = try tops.enumerated().map { index, top in
      let query = selection.isMean ? data : data.subset([index])
      var seen = Set<Int>()
      let rows = (top.highest + top.lowest).map(\.row).filter { seen.insert($0).inserted }
      let found = try setup.scorer.tokenScores(query, of: train, rows: rows)
      return Dictionary(uniqueKeysWithValues: zip(rows, rows.indices.map { found.row($0) }))
    }
  }

  /// The tokens of a training passage under a query.
  func tokens(query: Int, row: Int, in train: Dataset) -> [ScoredToken] {
    guard let scores = parts[query][row] else { return [] }
    return train.pieces(of: row).enumerated().map { position, text in
      ScoredToken(text: text, score: position == 0 ? nil : Double(scores[position]))
    }
  }
}

extension Dataset {
  /// The texts of an example's tokens; none when it is no sequence.
  func pieces(of row: Int) -> [String] {
    guard case .tokens(let tokens, let vocabulary) = targets else { return [] }
    return TokenText.pieces(of: row, tokens, vocabulary)
  }
}

extension ScoredToken {
  /// A passage in a line, its strongest tokens in brackets with their sign.
  ///
  /// The strongest are those of half of the largest score or more; neighbours share a bracket.
  static func marked(_ tokens: [ScoredToken]) -> String {
    let largest = tokens.compactMap(\.score).map(abs).filter(\.isFinite).max() ?? 0
    func sign(_ token: ScoredToken) -> String? {
      guard let score = token.score, largest > 0, abs(score) >= largest / 2 else { return nil }
      return score > 0 ? "+" : "-"
    }
    var (text, open) = ("", String?.none)
    for token in tokens {
      let mark = sign(token)
      if mark != open {
        if open != nil { text += "]" }
        if let mark { text += "[" + mark }
        open = mark
      }
      text += token.text
    }
    return text + (open == nil ? "" : "]")
  }
}
