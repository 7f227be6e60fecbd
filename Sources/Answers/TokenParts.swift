import Datasets
import Influence
import Reports
import Tensors

/// What tokens add to the scores of the shown training passages, by query and row: those of the
/// passage, and those of the query where all of its tokens are asked about.
package struct TokenParts: Sendable {
  private let training: [[Int: [Float]]]
  private let queries: [[Int: [Float]]]

  package init(training: [[Int: [Float]]], queries: [[Int: [Float]]]) {
    (self.training, self.queries) = (training, queries)
  }

  /// The tokens of a training passage under a query.
  package func tokens(query: Int, row: Int, in train: Dataset) -> [ScoredToken] {
    guard let scores = training[query][row] else { return [] }
    return ScoredToken.tokens(train.pieces(of: row), scores)
  }

  /// A query's tokens with what a training passage does to each; nil where that is not asked.
  package func queryTokens(_ query: Int, under row: Int, in shown: Dataset) -> [ScoredToken]? {
    guard queries.indices.contains(query), let scores = queries[query][row] else { return nil }
    return ScoredToken.tokens(shown.pieces(of: query), scores)
  }

  /// A query's tokens with what the shown passages do to each, taken together.
  package func queryTokens(_ query: Int, in shown: Dataset) -> [ScoredToken]? {
    guard queries.indices.contains(query), let first = queries[query].values.first else {
      return nil
    }
    let sums = queries[query].sorted { $0.key < $1.key }.reduce(
      into: [Float](repeating: 0, count: first.count)
    ) { sums, entry in
      for (token, score) in entry.value.enumerated() { sums[token] += score }
    }
    return ScoredToken.tokens(shown.pieces(of: query), sums)
  }
}

extension Dataset {
  /// The texts of an example's tokens; none when it is no sequence.
  package func pieces(of row: Int) -> [String] {
    // The inputs: of the targets a prompt is none.
    guard case .tokens(_, let vocabulary) = targets else { return [] }
    return TokenText.pieces(of: row, inputs, vocabulary)
  }
}

extension ScoredToken {
  /// Tokens with their scores; the first of a passage is not predicted and has none.
  fileprivate static func tokens(_ pieces: [String], _ scores: [Float]) -> [ScoredToken] {
    pieces.enumerated().map { position, text in
      ScoredToken(text: text, score: position == 0 ? nil : Double(scores[position]))
    }
  }

  /// A passage in a line, its strongest tokens in brackets with their sign.
  ///
  /// The strongest are those of half of the largest score or more; neighbours share a bracket.
  package static func marked(_ tokens: [ScoredToken]) -> String {
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
