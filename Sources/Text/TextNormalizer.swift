import Foundation

/// What a tokenizer does to a text before it is cut: the `normalizer` of a tokenizer.json.
indirect enum TextNormalizer: Sendable {
  case sequence([TextNormalizer])
  case prepend([Unicode.Scalar])
  case replace(TextPattern, [Unicode.Scalar])
  case unicode(Form)
  case lowercase
  /// Leaves out marks.
  case stripAccents
  /// Leaves out whitespace at the ends.
  case strip(left: Bool, right: Bool)
  case bert(BertCleaning)
  /// SentencePiece's table of characters.
  case precompiled(PrecompiledCharacters)

  /// The Unicode normalisation forms.
  enum Form: String, CaseIterable, Sendable { case NFC, NFD, NFKC, NFKD }

  func applied(to piece: TextPiece) throws(ScalarPattern.TooSlow) -> TextPiece {
    let result = try changed(piece)
    // Steps that lengthen a text again and again would fill the memory.
    if result.scalars.count > 10_000 + 100 * piece.scalars.count { throw ScalarPattern.TooSlow() }
    return result
  }

  private func changed(_ piece: TextPiece) throws(ScalarPattern.TooSlow) -> TextPiece {
    switch self {
    case .sequence(let parts):
      var result = piece
      for part in parts {
        result = try part.applied(to: result)
        if result.scalars.count > 10_000 + 100 * piece.scalars.count {
          throw ScalarPattern.TooSlow()
        }
      }
      return result
    case .prepend(let prefix):
      var piece = piece
      if !piece.isEmpty { piece.prepend(prefix) }
      return piece
    case .replace(let pattern, let content):
      return piece.replacing(try pattern.matches(in: piece.scalars), by: content)
    case .unicode(let form): return form.applied(to: piece)
    case .lowercase: return piece.lowercased()
    case .stripAccents: return piece.filtered { !$0.properties.generalCategory.isIn("M") }
    case .strip(let left, let right):
      let isKept = { !$0.properties.isWhitespace } as (Unicode.Scalar) -> Bool
      let count = piece.scalars.count
      let first = left ? piece.scalars.firstIndex(where: isKept) ?? count : 0
      let last = right ? piece.scalars.lastIndex(where: isKept) ?? -1 : count - 1
      let range = first..<max(first, last + 1)
      return piece[range]
    case .bert(let cleaning): return cleaning.applied(to: piece)
    case .precompiled(let table): return table.applied(to: piece)
    }
  }
}

extension TextNormalizer.Form {
  /// The form, character by character: what combines stands in one character.
  func applied(to piece: TextPiece) -> TextPiece {
    if piece.scalars.allSatisfy(\.isASCII) { return piece }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: piece.scalars)
    var result = TextPiece()
    var place = 0
    for character in String(text) {
      let scalars = character.unicodeScalars
      let isPlain = scalars.count == 1 && scalars.first?.isASCII == true
      for scalar in isPlain ? scalars : normalised(String(character)).unicodeScalars {
        result.append(scalar, from: piece.origins[place])
      }
      place += scalars.count
    }
    return result
  }

  private func normalised(_ text: String) -> String {
    switch self {
    case .NFC: text.precomposedStringWithCanonicalMapping
    case .NFD: text.decomposedStringWithCanonicalMapping
    case .NFKC: text.precomposedStringWithCompatibilityMapping
    case .NFKD: text.decomposedStringWithCompatibilityMapping
    }
  }
}

/// BERT's cleaning of a text.
struct BertCleaning: Sendable {
  var cleansText: Bool
  var separatesChinese: Bool
  var stripsAccents: Bool
  var lowercases: Bool

  func applied(to piece: TextPiece) -> TextPiece {
    var piece = piece
    if cleansText {
      piece = piece.filtered { !BertCleaning.isRemoved($0) }
      for place in piece.scalars.indices where BertCleaning.isSpace(piece.scalars[place]) {
        piece.scalars[place] = " "
      }
    }
    if separatesChinese {
      var spaced = TextPiece()
      for (scalar, origin) in zip(piece.scalars, piece.origins) {
        let isChinese = BertCleaning.isChinese(scalar)
        if isChinese { spaced.append(" ", from: origin) }
        spaced.append(scalar, from: origin)
        if isChinese { spaced.append(" ", from: origin) }
      }
      piece = spaced
    }
    if stripsAccents {
      piece = TextNormalizer.Form.NFD.applied(to: piece)
        .filtered { $0.properties.generalCategory != .nonspacingMark }
    }
    return lowercases ? piece.lowercased() : piece
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace
  }

  private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0, 0xFFFD: return true
    case 9, 10, 13: return false
    default:
      let category = scalar.properties.generalCategory
      return category == .control || category == .format || category == .privateUse
    }
  }

  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}

extension TextPiece {
  /// The scalars that stay.
  func filtered(_ stays: (Unicode.Scalar) -> Bool) -> TextPiece {
    var result = TextPiece()
    for (scalar, origin) in zip(scalars, origins) where stays(scalar) {
      result.append(scalar, from: origin)
    }
    return result
  }

  /// Scalar by scalar, without regard to the neighbours.
  func lowercased() -> TextPiece {
    var result = TextPiece()
    for (scalar, origin) in zip(scalars, origins) {
      if scalar.isASCII {
        let isCapital = (65...90).contains(scalar.value)
        result.append(
          isCapital ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar, from: origin)
      } else {
        for lower in scalar.properties.lowercaseMapping.unicodeScalars {
          result.append(lower, from: origin)
        }
      }
    }
    return result
  }
}
