/// A token of a passage and what it adds to the passage's score.
public struct ScoredToken: Sendable, Equatable, Codable {
  /// Its text.
  public var text: String
  /// Its part of the score, positive = helped; nil where it has none, as the first of a passage.
  public var score: Double?
  /// Whether it is the token that is asked about.
  public var isAsked = false

  /// A token.
  public init(text: String, score: Double?, isAsked: Bool = false) {
    (self.text, self.score, self.isAsked) = (text, score, isAsked)
  }

  private enum CodingKeys: String, CodingKey { case text, score }
}

extension ScoredToken {
  /// Tokens under the names that the templates use, shaded relative to the strongest of them.
  static func view(_ tokens: [ScoredToken]) -> [[String: Any]] {
    let largest = tokens.compactMap(\.score).map(abs).filter(\.isFinite).max() ?? 0
    return zip(tokens, broken(tokens.map(\.text))).map { token, text in
      var classes = token.isAsked ? ["asked"] : []
      var hint = ""
      var shade = ""
      if let score = token.score {
        hint = NumberText.signed(score)
        let share = largest > 0 && score.isFinite ? abs(score) / largest : 0
        if share >= 0.04 {
          classes.append(score > 0 ? "plus" : "minus")
          shade = NumberText.fixed(share, decimals: 2)
        }
      }
      return [
        "piece": text, "kind": classes.joined(separator: " "), "hasKind": !classes.isEmpty,
        "hint": hint, "hasHint": !hint.isEmpty, "shade": shade, "hasShade": !shade.isEmpty,
      ]
    }
  }

  /// Pieces of a text whose line ends stand as ⏎, with a break behind the last ⏎ of each run.
  static func broken(_ pieces: [String]) -> [String] {
    pieces.indices.map { index in
      var text = ""
      for character in pieces[index] {
        if text.last == "⏎" && character != "⏎" { text += "\n" }
        text.append(character)
      }
      let next = pieces[(index + 1)...].first { !$0.isEmpty }?.first
      return text.last == "⏎" && next != nil && next != "⏎" ? text + "\n" : text
    }
  }
}
