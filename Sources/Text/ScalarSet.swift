/// A set of Unicode scalars as a pattern's class describes it.
struct ScalarSet: Sendable {
  enum Item: Sendable {
    case range(ClosedRange<UInt32>)
    /// General categories, a bit each.
    case categories(UInt32)
    /// The property White_Space.
    case whitespace
    /// What words are made of: alphabetic, marks, decimal digits, connectors.
    case word
    indirect case not(Item)
    /// Those of a class within the class.
    indirect case union([Item], isNegated: Bool)
  }

  private let items: [Item]
  private let isNegated: Bool
  private let ignoresCase: Bool
  /// Membership of scalars below 128.
  private let ascii: (UInt64, UInt64)

  init(_ items: [Item], isNegated: Bool = false, ignoresCase: Bool = false) {
    (self.items, self.isNegated, self.ignoresCase) = (items, isNegated, ignoresCase)
    var bits: (UInt64, UInt64) = (0, 0)
    for value in UInt32(0)..<128 {
      guard let scalar = Unicode.Scalar(value),
        ScalarSet.contains(scalar, items, isNegated, ignoresCase)
      else { continue }
      if value < 64 { bits.0 |= 1 << UInt64(value) } else { bits.1 |= 1 << UInt64(value - 64) }
    }
    ascii = bits
  }

  /// One scalar, or with `ignoresCase` its other cases too.
  init(_ scalar: Unicode.Scalar, ignoresCase: Bool) {
    self.init([.range(scalar.value...scalar.value)], ignoresCase: ignoresCase)
  }

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    if value < 64 { return ascii.0 >> UInt64(value) & 1 != 0 }
    if value < 128 { return ascii.1 >> UInt64(value - 64) & 1 != 0 }
    return ScalarSet.contains(scalar, items, isNegated, ignoresCase)
  }

  private static func contains(
    _ scalar: Unicode.Scalar, _ items: [Item], _ isNegated: Bool, _ ignoresCase: Bool
  ) -> Bool {
    var found = items.contains { contains(scalar, $0) }
    if !found && ignoresCase {
      let folded = scalar.folded
      found = items.contains { item in
        if case .range(let range) = item {
          if contains(folded, item) || contains(folded.upper, item) { return true }
          guard range.count == 1, let only = Unicode.Scalar(range.lowerBound) else { return false }
          return only.folded == folded
        }
        return contains(folded, item) || contains(folded.upper, item)
      }
    }
    return found != isNegated
  }

  private static func contains(_ scalar: Unicode.Scalar, _ item: Item) -> Bool {
    switch item {
    case .range(let range): range.contains(scalar.value)
    case .categories(let bits): bits & scalar.properties.generalCategory.bit != 0
    case .whitespace: scalar.properties.isWhitespace
    case .word: scalar.isWordScalar
    case .not(let item): !contains(scalar, item)
    case .union(let items, let isNegated): items.contains { contains(scalar, $0) } != isNegated
    }
  }
}

extension Unicode.Scalar {
  /// One scalar for all cases of a letter: the small letter of the capital, where each is one scalar.
  var folded: Unicode.Scalar {
    let upper = upper
    let lower = upper.properties.lowercaseMapping.unicodeScalars
    return lower.count == 1 ? lower.first ?? self : self
  }

  var upper: Unicode.Scalar {
    let upper = properties.uppercaseMapping.unicodeScalars
    return upper.count == 1 ? upper.first ?? self : self
  }

  /// What `\w` is: alphabetic, marks, decimal digits, connectors.
  var isWordScalar: Bool {
    if value < 128 {
      return (48...57).contains(value) || (65...90).contains(value) || (97...122).contains(value)
        || value == 95
    }
    let category = properties.generalCategory
    return properties.isAlphabetic || properties.isJoinControl
      || category.isIn("M") || category.isIn("Nd") || category.isIn("Pc")
  }

  /// ASCII punctuation and symbols, and all of category P.
  var isPunctuationOrSymbol: Bool {
    switch value {
    case 33...47, 58...64, 91...96, 123...126: true
    case ..<128: false
    default: properties.generalCategory.isIn("P")
    }
  }
}

extension Unicode.GeneralCategory {
  /// The names of the categories with their bits, single letters for their unions.
  static let bits: [String: UInt32] = {
    let names: [(String, Unicode.GeneralCategory)] = [
      ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter),
      ("Lm", .modifierLetter), ("Lo", .otherLetter), ("Mn", .nonspacingMark),
      ("Mc", .spacingMark), ("Me", .enclosingMark), ("Nd", .decimalNumber),
      ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
      ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation),
      ("Pi", .initialPunctuation), ("Pf", .finalPunctuation), ("Po", .otherPunctuation),
      ("Sm", .mathSymbol), ("Sc", .currencySymbol), ("Sk", .modifierSymbol),
      ("So", .otherSymbol), ("Zs", .spaceSeparator), ("Zl", .lineSeparator),
      ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format), ("Cs", .surrogate),
      ("Co", .privateUse), ("Cn", .unassigned),
    ]
    var bits: [String: UInt32] = [:]
    for (name, category) in names {
      bits[name] = category.bit
      bits[String(name.prefix(1)), default: 0] |= category.bit
    }
    return bits
  }()

  func isIn(_ name: String) -> Bool { (Self.bits[name] ?? 0) & bit != 0 }

  var bit: UInt32 {
    switch self {
    case .uppercaseLetter: 1 << 0
    case .lowercaseLetter: 1 << 1
    case .titlecaseLetter: 1 << 2
    case .modifierLetter: 1 << 3
    case .otherLetter: 1 << 4
    case .nonspacingMark: 1 << 5
    case .spacingMark: 1 << 6
    case .enclosingMark: 1 << 7
    case .decimalNumber: 1 << 8
    case .letterNumber: 1 << 9
    case .otherNumber: 1 << 10
    case .connectorPunctuation: 1 << 11
    case .dashPunctuation: 1 << 12
    case .openPunctuation: 1 << 13
    case .closePunctuation: 1 << 14
    case .initialPunctuation: 1 << 15
    case .finalPunctuation: 1 << 16
    case .otherPunctuation: 1 << 17
    case .mathSymbol: 1 << 18
    case .currencySymbol: 1 << 19
    case .modifierSymbol: 1 << 20
    case .otherSymbol: 1 << 21
    case .spaceSeparator: 1 << 22
    case .lineSeparator: 1 << 23
    case .paragraphSeparator: 1 << 24
    case .control: 1 << 25
    case .format: 1 << 26
    case .surrogate: 1 << 27
    case .privateUse: 1 << 28
    case .unassigned: 1 << 29
    @unknown default: 1 << 30
    }
  }
}
