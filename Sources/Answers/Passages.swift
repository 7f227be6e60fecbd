import Datasets
import Reports

/// What a page shows of sequences beyond their text.
package struct Passages {
  /// The queries with all their tokens.
  package var shown: Dataset?
  /// The token that is asked about.
  package var token: Int?
  /// The training passages by token.
  package var parts: TokenParts?

  package init(shown: Dataset? = nil, token: Int? = nil, parts: TokenParts? = nil) {
    (self.shown, self.token, self.parts) = (shown, token, parts)
  }

  /// A query with the token that is asked about marked, or all of them shaded; nil without either.
  func query(_ row: Int) -> ExampleView? {
    guard let shown else { return nil }
    if let tokens = parts?.queryTokens(row, in: shown) { return .tokens(tokens) }
    guard let token else { return nil }
    return .tokens(
      shown.pieces(of: row).enumerated().map {
        ScoredToken(text: $1, score: nil, isAsked: $0 == token)
      })
  }

  /// What is asked about a sequence, in words; empty for other examples.
  func question(_ row: Int?, probability: Float?) -> String {
    guard let shown, shown.vocabulary != nil else { return "" }
    guard let token else {
      return row == nil
        ? "all of their tokens"
        : "all of its tokens"
          + (probability.map { ", mean probability " + NumberText.percent(Double($0)) } ?? "")
    }
    guard row != nil else { return "token \(token) of each" }
    return "token \(token), marked"
      + (probability.map { ", probability " + NumberText.percent(Double($0)) } ?? "")
  }
}
