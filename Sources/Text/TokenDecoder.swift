/// How tokens become text again: the `decoder` of a tokenizer.json.
///
/// Tokens are bytes here: parts of a UTF-8 character are no text yet.
indirect enum TokenDecoder: Sendable {
  case sequence([TokenDecoder])
  case byteLevel
  /// Tokens `<0xHH>` as bytes.
  case byteFallback
  case fuse
  /// Scalars taken from the left and the right of each token, at most so many.
  case strip(Unicode.Scalar, left: Int, right: Int)
  case replace(TextPattern, [Unicode.Scalar])
  case metaspace(Unicode.Scalar, dropsFirst: Bool)
  case wordPiece(prefix: [Unicode.Scalar], cleansUp: Bool)
  /// Tokens that end a word are marked.
  case wordEnd([Unicode.Scalar])

  func applied(to tokens: [[Unicode.Scalar]]) throws(ScalarPattern.TooSlow) -> [[Unicode.Scalar]] {
    switch self {
    case .sequence(let parts):
      var result = tokens
      let limit = 10_000 + tokens.reduce(0) { $0 + 100 * $1.count }
      for part in parts {
        result = try part.applied(to: result)
        if result.reduce(0, { $0 + $1.count }) > limit { throw ScalarPattern.TooSlow() }
      }
      return result
    case .byteLevel:
      let bytes = tokens.flatMap(Self.bytes)
      return [Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)]
    case .byteFallback: return Self.joinBytes(tokens)
    case .fuse: return [tokens.flatMap(\.self)]
    case .strip(let scalar, let left, let right):
      return tokens.map { token in
        let low = token.prefix(left).prefix { $0 == scalar }.count
        let high = token[low...].suffix(right).reversed().prefix { $0 == scalar }.count
        return Array(token[low..<token.count - high])
      }
    case .replace(let pattern, let content):
      var result: [[Unicode.Scalar]] = []
      for token in tokens {
        let piece = TextPiece(scalars: token, origins: token.map { _ in 0 })
        result.append(
          piece.replacing(try pattern.matches(in: token), by: content).scalars)
      }
      return result
    case .metaspace(let replacement, let dropsFirst):
      return tokens.enumerated().map { index, token in
        let kept = index == 0 && dropsFirst ? token.filter { $0 != replacement } : token
        return kept.map { $0 == replacement ? " " : $0 }
      }
    case .wordPiece(let prefix, let cleansUp):
      return tokens.enumerated().map { index, token in
        var token = token
        if index > 0 {
          token =
            token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [" "] + token
        }
        return cleansUp ? Self.cleaned(token) : token
      }
    case .wordEnd(let suffix):
      return tokens.enumerated().map { index, token in
        let piece = TextPiece(scalars: token, origins: token.map { _ in 0 })
        let matches = (try? TextPattern.literal(suffix).matches(in: token)) ?? []
        return piece.replacing(matches, by: index == tokens.count - 1 ? [] : [" "]).scalars
      }
    }
  }

  /// The bytes of a token of GPT-2's alphabet; of another token, those of its text.
  static func bytes(_ token: [Unicode.Scalar]) -> [UInt8] {
    let bytes = token.map { ByteAlphabet.bytes[$0] }
    return bytes.contains(nil) ? token.flatMap(UTF8.encoded) : bytes.compactMap(\.self)
  }

  /// The byte of a token `<0xHH>`.
  static func byte(_ token: [Unicode.Scalar]) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".unicodeScalars), token[5] == ">" else {
      return nil
    }
    return UInt8(String(String.UnicodeScalarView(token[3..<5])), radix: 16)
  }

  /// Byte tokens in a row as the text that they are, or U+FFFD for each when they are none.
  private static func joinBytes(_ tokens: [[Unicode.Scalar]]) -> [[Unicode.Scalar]] {
    var result: [[Unicode.Scalar]] = []
    var bytes: [UInt8] = []
    func flush() {
      if bytes.isEmpty { return }
      if let text = String(validating: bytes, as: UTF8.self) {
        result.append(Array(text.unicodeScalars))
      } else {
        result += bytes.map { _ in ["\u{FFFD}"] }
      }
      bytes = []
    }
    for token in tokens {
      if let byte = byte(token) {
        bytes.append(byte)
      } else {
        flush()
        result.append(token)
      }
    }
    flush()
    return result
  }

  /// BERT's way with spaces before punctuation and contractions.
  private static func cleaned(_ token: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var token = token
    for (found, wanted) in [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
      (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ] {
      let matches = (try? TextPattern.literal(Array(found.unicodeScalars)).matches(in: token)) ?? []
      token =
        TextPiece(scalars: token, origins: token.map { _ in 0 })
        .replacing(matches, by: Array(wanted.unicodeScalars)).scalars
    }
    return token
  }
}
