/// Tokens that are found in the text itself, before anything else is done to it: the `added_tokens`
/// of a tokenizer.json.
struct AddedTokens: Sendable {
  struct Token: Sendable {
    var id: Int32
    var content: [Unicode.Scalar]
    /// Only between scalars that are no part of a word.
    var isSingleWord = false
    /// Takes the whitespace on its left, or right, with it.
    var stripsLeft = false
    var stripsRight = false
    /// Looked for in the normalised text.
    var isNormalised = false
    var isSpecial = false
  }

  let tokens: [Token]
  /// By first scalar, longest first.
  private let raw: [Unicode.Scalar: [Token]]
  private let normalised: [Unicode.Scalar: [Token]]

  init(_ tokens: [Token], normalizer: TextNormalizer?) throws(ScalarPattern.TooSlow) {
    self.tokens = tokens
    var changed: [Token] = []
    for var token in tokens where token.isNormalised {
      if let normalizer {
        let piece = TextPiece(
          scalars: token.content, origins: token.content.map { _ in 0 })
        token.content = try normalizer.applied(to: piece).scalars
      }
      changed.append(token)
    }
    func byFirst(_ tokens: [Token]) -> [Unicode.Scalar: [Token]] {
      var table: [Unicode.Scalar: [Token]] = [:]
      for token in tokens {
        if let first = token.content.first { table[first, default: []].append(token) }
      }
      return table.mapValues { $0.sorted { $0.content.count > $1.content.count } }
    }
    raw = byFirst(tokens.filter { !$0.isNormalised })
    normalised = byFirst(changed)
  }

  /// A part of a text: what lies between added tokens, or one of them.
  enum Part {
    case text(TextPiece)
    case token(Token, origin: Int)
  }

  /// Cuts a text at the added tokens, and normalises what is between them.
  func parts(
    of text: TextPiece, _ normalizer: TextNormalizer?
  ) throws(ScalarPattern.TooSlow) -> [Part] {
    var parts: [Part] = []
    for part in cut(text, at: raw) {
      guard case .text(var piece) = part else {
        parts.append(part)
        continue
      }
      if let normalizer { piece = try normalizer.applied(to: piece) }
      parts += cut(piece, at: normalised)
    }
    return parts
  }

  private func cut(_ piece: TextPiece, at table: [Unicode.Scalar: [Token]]) -> [Part] {
    if table.isEmpty { return piece.isEmpty ? [] : [.text(piece)] }
    let scalars = piece.scalars
    var parts: [Part] = []
    var (start, place) = (0, 0)
    while place < scalars.count {
      guard
        let token = table[scalars[place]]?.first(where: {
          scalars[place...].starts(with: $0.content)
        })
      else {
        place += 1
        continue
      }
      var range = place..<place + token.content.count
      place = range.upperBound
      let isWithinWord =
        range.lowerBound > 0 && scalars[range.lowerBound - 1].isWordScalar
        || range.upperBound < scalars.count && scalars[range.upperBound].isWordScalar
      if token.isSingleWord && isWithinWord { continue }
      var (low, high) = (range.lowerBound, range.upperBound)
      while token.stripsLeft, low > start, scalars[low - 1].properties.isWhitespace { low -= 1 }
      while token.stripsRight, high < scalars.count, scalars[high].properties.isWhitespace {
        high += 1
      }
      range = low..<high
      if range.lowerBound > start { parts.append(.text(piece[start..<range.lowerBound])) }
      parts.append(.token(token, origin: piece.origins[range.lowerBound]))
      (start, place) = (range.upperBound, range.upperBound)
    }
    if start < scalars.count {
      parts.append(.text(start == 0 ? piece : piece[start..<scalars.count]))
    }
    return parts
  }
}
