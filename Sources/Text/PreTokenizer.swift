/// How a text is cut into the words that a model sees: the `pre_tokenizer` of a tokenizer.json.
indirect enum PreTokenizer: Sendable {
  case sequence([PreTokenizer])
  case byteLevel(addsPrefixSpace: Bool, pattern: ScalarPattern?)
  case split(TextPattern, TextPiece.Cut, invert: Bool)
  case metaspace(replacement: Unicode.Scalar, Prepending, splits: Bool)
  case whitespaceSplit
  case digits(isIndividual: Bool)
  case punctuation(TextPiece.Cut)
  case bert

  /// Before which pieces a space is put.
  enum Prepending: String, CaseIterable, Sendable { case always, first, never }

  func words(of piece: TextPiece) throws(ScalarPattern.TooSlow) -> [TextPiece] {
    try words(of: [piece])
  }

  private func words(of pieces: [TextPiece]) throws(ScalarPattern.TooSlow) -> [TextPiece] {
    if case .sequence(let parts) = self {
      var pieces = pieces
      for part in parts { pieces = try part.words(of: pieces) }
      return pieces
    }
    var words: [TextPiece] = []
    for piece in pieces where !piece.isEmpty { words += try cut(piece) }
    return words
  }

  private func cut(_ piece: TextPiece) throws(ScalarPattern.TooSlow) -> [TextPiece] {
    switch self {
    case .sequence: return try words(of: [piece])
    case .byteLevel(let addsPrefixSpace, let pattern):
      var piece = piece
      if addsPrefixSpace, piece.scalars.first != " " { piece.prepend([" "]) }
      guard let pattern else { return [ByteAlphabet.mapped(piece)] }
      return piece.split(at: try pattern.matches(in: piece.scalars), .isolated)
        .map(ByteAlphabet.mapped)
    case .split(let pattern, let cut, let invert):
      return piece.split(at: try pattern.matches(in: piece.scalars), cut, invert: invert)
    case .metaspace(let replacement, let prepending, let splits):
      var piece = piece
      for place in piece.scalars.indices where piece.scalars[place] == " " {
        piece.scalars[place] = replacement
      }
      let prepends =
        switch prepending {
        case .always: true
        case .first: piece.origins.first == 0
        case .never: false
        }
      if prepends, piece.scalars.first != replacement { piece.prepend([replacement]) }
      return splits
        ? piece.split(at: piece.matches { $0 == replacement }, .mergedWithNext) : [piece]
    case .whitespaceSplit:
      return piece.split(at: piece.matches { $0.properties.isWhitespace }, .removed)
    case .digits(let isIndividual):
      return piece.split(
        at: piece.matches { $0.properties.generalCategory.isIn("N") },
        isIndividual ? .isolated : .contiguous)
    case .punctuation(let cut):
      return piece.split(at: piece.matches(where: \.isPunctuationOrSymbol), cut)
    case .bert:
      return piece.split(at: piece.matches { $0.properties.isWhitespace }, .removed).flatMap {
        $0.split(at: $0.matches(where: \.isPunctuationOrSymbol), .isolated)
      }
    }
  }

  /// GPT-2's words: contractions, letters, digits and others with the space before them, spaces.
  static let gpt2Pattern =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
}

/// GPT-2's alphabet: a printable scalar for each byte.
///
/// Bytes that are printable in Latin-1 stand for themselves, the others for U+0100 onwards.
enum ByteAlphabet {
  static let scalars: [Unicode.Scalar] = {
    var next = UInt32(256)
    return (UInt8.min...UInt8.max).map { byte in
      if (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174 {
        return Unicode.Scalar(byte)
      }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? "?"
    }
  }()

  static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max))

  /// A scalar for each byte of the piece's UTF-8.
  static func mapped(_ piece: TextPiece) -> TextPiece {
    var result = TextPiece()
    result.scalars.reserveCapacity(piece.scalars.count)
    result.origins.reserveCapacity(piece.scalars.count)
    for (scalar, origin) in zip(piece.scalars, piece.origins) {
      for (index, byte) in UTF8.encoded(scalar).enumerated() {
        result.append(scalars[Int(byte)], from: origin + index)
      }
    }
    return result
  }
}

extension UTF8 {
  /// The bytes of a scalar.
  static func encoded(_ scalar: Unicode.Scalar) -> EncodedScalar {
    encode(scalar) ?? encodedReplacementCharacter
  }
}
