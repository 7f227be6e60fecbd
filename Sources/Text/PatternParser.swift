/// Reads the text of a regular expression into a tree.
struct PatternParser {
  private let text: [Unicode.Scalar]
  private var place = 0
  private var depth = 0

  init(_ text: String) { self.text = Array(text.unicodeScalars) }

  mutating func parse() throws(PatternProblem) -> PatternNode {
    let node = try choice(ignoresCase: false)
    if place < text.count { throw PatternProblem("`\(text[place])` without its beginning") }
    return node
  }

  private var next: Unicode.Scalar? { place < text.count ? text[place] : nil }

  private mutating func take(_ word: String) -> Bool {
    let scalars = Array(word.unicodeScalars)
    guard text[place...].starts(with: scalars) else { return false }
    place += scalars.count
    return true
  }

  private mutating func choice(ignoresCase: Bool) throws(PatternProblem) -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    guard depth < 50 else { throw PatternProblem("groups so deep") }
    var ignoresCase = ignoresCase
    var ways: [PatternNode] = []
    repeat {
      var parts: [PatternNode] = []
      while let scalar = next, scalar != "|", scalar != ")" {
        if take("(?i)") {
          ignoresCase = true
          continue
        }
        parts.append(try quantified(ignoresCase))
      }
      ways.append(parts.count == 1 ? parts[0] : .sequence(parts))
    } while take("|")
    return ways.count == 1 ? ways[0] : .choice(ways)
  }

  private mutating func quantified(_ ignoresCase: Bool) throws(PatternProblem) -> PatternNode {
    let atom = try atom(ignoresCase)
    guard let (min, max, isCounted) = try quantifier() else { return atom }
    if case .look = atom { throw PatternProblem("a repeated look ahead") }
    var greed = ScalarPattern.Greed.greedy
    if take("?") {
      greed = .lazy
    } else if next == "+" {
      // Engines differ on what {n,m}+ means.
      if isCounted { throw PatternProblem("{…}+") }
      place += 1
      greed = .possessive
    }
    if let scalar = next, "*+?{".unicodeScalars.contains(scalar) {
      throw PatternProblem("a repeated repetition")
    }
    return .repeated(atom, min: min, max: max, greed)
  }

  private mutating func quantifier() throws(PatternProblem) -> (Int, Int, Bool)? {
    if take("*") { return (0, .max, false) }
    if take("+") { return (1, .max, false) }
    if take("?") { return (0, 1, false) }
    guard take("{") else { return nil }
    let least = try number()
    var most: Int? = least
    if take(",") { most = next == "}" ? nil : try number() }
    guard take("}"), let least = least ?? (most == nil ? nil : 0), most ?? .max >= least else {
      throw PatternProblem("{")
    }
    return (least, most ?? .max, true)
  }

  private mutating func number() throws(PatternProblem) -> Int? {
    var value: Int?
    while let scalar = next, let digit = scalar.properties.numericValue, scalar.isASCII {
      value = (value ?? 0) * 10 + Int(digit)
      if (value ?? 0) > 1_000 { throw PatternProblem("a count beyond 1,000") }
      place += 1
    }
    return value
  }

  private mutating func atom(_ ignoresCase: Bool) throws(PatternProblem) -> PatternNode {
    guard let scalar = next else { throw PatternProblem("an end where a text is expected") }
    switch scalar {
    case "(": return try group(ignoresCase)
    case "[":
      place += 1
      let (items, isNegated) = try members()
      return .set(ScalarSet(items, isNegated: isNegated, ignoresCase: ignoresCase))
    case ".":
      place += 1
      return .set(ScalarSet([.range(10...10)], isNegated: true))
    case "^":
      place += 1
      return .lineStart
    case "$":
      place += 1
      return .lineEnd
    case "\\":
      let item = try escaped()
      if case .range = item { return .set(ScalarSet([item], ignoresCase: ignoresCase)) }
      return .set(ScalarSet([item]))
    case "*", "+", "?", "{": throw PatternProblem("`\(scalar)` without something to repeat")
    default:
      place += 1
      return .set(ScalarSet(scalar, ignoresCase: ignoresCase))
    }
  }

  private mutating func group(_ ignoresCase: Bool) throws(PatternProblem) -> PatternNode {
    let node: PatternNode
    if take("(?=") || take("(?!") {
      let isNegative = text[place - 1] == "!"
      node = .look(try choice(ignoresCase: ignoresCase), isNegative: isNegative)
    } else if take("(?i:") {
      node = try choice(ignoresCase: true)
    } else if take("(?:") {
      node = try choice(ignoresCase: ignoresCase)
    } else if text[place...].starts(with: "(?".unicodeScalars) {
      throw PatternProblem(String(String.UnicodeScalarView(text[place...].prefix(4))))
    } else {
      place += 1
      node = try choice(ignoresCase: ignoresCase)
    }
    guard take(")") else { throw PatternProblem("`(` without its end") }
    return node
  }

  /// The members of a class behind its `[`.
  private mutating func members() throws(PatternProblem) -> ([ScalarSet.Item], Bool) {
    depth += 1
    defer { depth -= 1 }
    guard depth < 50 else { throw PatternProblem("classes so deep") }
    let isNegated = take("^")
    var items: [ScalarSet.Item] = []
    while let scalar = next, scalar != "]" || items.isEmpty {
      if take("&&") { throw PatternProblem("&&") }
      if scalar == "[" {
        if text[place...].starts(with: "[:".unicodeScalars) { throw PatternProblem("[:") }
        place += 1
        let (inner, isNegated) = try members()
        items.append(.union(inner, isNegated: isNegated))
        continue
      }
      let first = try member()
      guard case .range(let low) = first, next == "-", place + 1 < text.count,
        text[place + 1] != "]"
      else {
        items.append(first)
        continue
      }
      place += 1
      guard case .range(let high) = try member(), low.lowerBound <= high.lowerBound else {
        throw PatternProblem("a range that goes backwards")
      }
      items.append(.range(low.lowerBound...high.lowerBound))
    }
    guard take("]") else { throw PatternProblem("`[` without its end") }
    return (items, isNegated)
  }

  private mutating func member() throws(PatternProblem) -> ScalarSet.Item {
    guard let scalar = next else { throw PatternProblem("`[` without its end") }
    if scalar == "\\" { return try escaped() }
    place += 1
    return .range(scalar.value...scalar.value)
  }

  private mutating func escaped() throws(PatternProblem) -> ScalarSet.Item {
    place += 1
    guard let scalar = next else { throw PatternProblem("`\\` at the end") }
    place += 1
    func single(_ scalar: Unicode.Scalar) -> ScalarSet.Item { .range(scalar.value...scalar.value) }
    switch scalar {
    case "s": return .whitespace
    case "S": return .not(.whitespace)
    case "d": return .categories(Unicode.GeneralCategory.decimalNumber.bit)
    case "D": return .not(.categories(Unicode.GeneralCategory.decimalNumber.bit))
    case "w": return .word
    case "W": return .not(.word)
    case "n": return single("\n")
    case "r": return single("\r")
    case "t": return single("\t")
    case "f": return single("\u{0C}")
    case "v": return single("\u{0B}")
    case "p", "P": return try category(isNegated: scalar == "P")
    case "x", "u": return try hexadecimal(scalar)
    default:
      let isLetter = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      if isLetter { throw PatternProblem("`\\\(scalar)`") }
      return single(scalar)
    }
  }

  private mutating func category(isNegated: Bool) throws(PatternProblem) -> ScalarSet.Item {
    var name = ""
    if take("{") {
      while let scalar = next, scalar != "}" {
        name.unicodeScalars.append(scalar)
        place += 1
      }
      guard take("}") else { throw PatternProblem("`\\p{` without its end") }
    } else if let scalar = next {
      name.unicodeScalars.append(scalar)
      place += 1
    }
    var isNegated = isNegated
    if name.hasPrefix("^") {
      name.removeFirst()
      isNegated.toggle()
    }
    guard let bits = Unicode.GeneralCategory.bits[name] else {
      throw PatternProblem("`\\p{\(name)}`")
    }
    return isNegated ? .not(.categories(bits)) : .categories(bits)
  }

  /// `\xHH`, `\x{H…}` or `\uHHHH`.
  private mutating func hexadecimal(_ kind: Unicode.Scalar) throws(PatternProblem) -> ScalarSet.Item
  {
    var digits = ""
    let isOpen = kind == "x" && take("{")
    let limit = isOpen ? 6 : kind == "x" ? 2 : 4
    while digits.count < limit, let scalar = next, scalar.properties.isASCIIHexDigit {
      digits.unicodeScalars.append(scalar)
      place += 1
    }
    if isOpen && !take("}") { throw PatternProblem("`\\x{` without its end") }
    guard isOpen || digits.count == limit, let value = UInt32(digits, radix: 16),
      Unicode.Scalar(value) != nil
    else { throw PatternProblem("`\\\(kind)\(digits)`") }
    return .range(value...value)
  }
}
