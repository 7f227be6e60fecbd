/// What is wrong with a text that should be JSON, and at which byte.
public struct JSONProblem: Error, Equatable {
  /// Where, from 0.
  public let byte: Int
  /// What.
  public let problem: String
}

/// Reads JSON strictly: UTF-8, no repeated names, limited depth, nothing but spaces after the end.
public struct JSONReader {
  /// What is read.
  public enum Grammar: Sendable {
    /// Texts, whole numbers from 0, lists and objects, 8 levels: the headers of safetensors.
    case header
    /// All of JSON, 64 levels.
    case full
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private let grammar: Grammar
  private var position = 0
  private var deepest: Int { grammar == .header ? 8 : 64 }

  /// Parses all of `bytes`.
  public static func parse(
    _ bytes: UnsafeBufferPointer<UInt8>, as grammar: Grammar
  ) throws(JSONProblem) -> JSONValue {
    var reader = JSONReader(bytes: bytes, grammar: grammar)
    let value = try reader.value(depth: 0)
    reader.skipBlanks()
    if reader.position < bytes.count { throw reader.problem("something follows the end") }
    return value
  }

  private init(bytes: UnsafeBufferPointer<UInt8>, grammar: Grammar) {
    (self.bytes, self.grammar) = (bytes, grammar)
  }

  private func problem(_ text: String, at byte: Int? = nil) -> JSONProblem {
    JSONProblem(byte: byte ?? position, problem: text)
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      position += 1
    }
  }

  private mutating func expect(_ character: Character) throws(JSONProblem) {
    skipBlanks()
    guard next == character.asciiValue else { throw problem("expected \(character)") }
    position += 1
  }

  /// Takes `character` if it is next.
  private mutating func take(_ character: Character) -> Bool {
    skipBlanks()
    guard next == character.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONProblem) -> JSONValue {
    guard depth <= deepest else { throw problem("nested too deeply") }
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return .text(try text())
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")) where grammar == .header:
      return .whole(try whole())
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")), UInt8(ascii: "-"):
      if grammar == .full { return try number() }
      throw problem("expected text, a whole number, a list or an object")
    case UInt8(ascii: "t") where word("true"): return .truth(true)
    case UInt8(ascii: "f") where word("false"): return .truth(false)
    case UInt8(ascii: "n") where word("null"): return .null
    case nil: throw problem("it ends early")
    default:
      throw problem(
        grammar == .header
          ? "expected text, a whole number, a list or an object" : "expected a value")
    }
  }

  /// Takes a word of the full grammar if it is next.
  private mutating func word(_ word: StaticString) -> Bool {
    let end = position + word.utf8CodeUnitCount
    guard grammar == .full, end <= bytes.count,
      bytes[position..<end].elementsEqual(
        UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    else { return false }
    position = end
    return true
  }

  /// −? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
  private mutating func number() throws(JSONProblem) -> JSONValue {
    let start = position
    let isNegative = next == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let first = position
    let digits = skipDigits()
    guard digits > 0 else { throw problem("expected digits") }
    guard digits == 1 || bytes[first] != UInt8(ascii: "0") else {
      throw problem("a number that begins with 0", at: start)
    }
    var isWhole = true
    if next == UInt8(ascii: ".") {
      position += 1
      isWhole = false
      guard skipDigits() > 0 else { throw problem("expected digits") }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      isWhole = false
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() > 0 else { throw problem("expected digits") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let whole = Int(text) { return .whole(whole) }
    guard let value = Double(text), value.isFinite else {
      throw problem("a number beyond 64 bits", at: start)
    }
    return .number(value)
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let byte = next, byte >= 0x30 && byte <= 0x39 { position += 1 }
    return position - start
  }

  private mutating func object(depth: Int) throws(JSONProblem) -> JSONValue {
    try expect("{")
    var members: [(name: String, value: JSONValue)] = []
    // Of headers canonically equal names are one, else names are compared byte by byte.
    var texts = Set<String>()
    var names = Set<[UInt8]>()
    if take("}") { return .object([]) }
    repeat {
      skipBlanks()
      let start = position
      let name = try text()
      let isNew =
        grammar == .header
        ? texts.insert(name).inserted : names.insert(Array(name.utf8)).inserted
      guard isNew else {
        throw problem("the name \"\(name)\" is given twice", at: start)
      }
      try expect(":")
      members.append((name, try value(depth: depth + 1)))
    } while take(",")
    try expect("}")
    return .object(members)
  }

  private mutating func list(depth: Int) throws(JSONProblem) -> JSONValue {
    try expect("[")
    var values: [JSONValue] = []
    if take("]") { return .list([]) }
    repeat { values.append(try value(depth: depth + 1)) } while take(",")
    try expect("]")
    return .list(values)
  }

  private mutating func whole() throws(JSONProblem) -> Int {
    let start = position
    var value = 0
    while let byte = next, byte >= 0x30 && byte <= 0x39 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(byte - 0x30))
      if overflow || carry { throw problem("a number beyond 64 bits", at: start) }
      value = sum
      position += 1
    }
    if bytes[start] == 0x30 && position > start + 1 {
      throw problem("a number that begins with 0", at: start)
    }
    return value
  }

  private mutating func text() throws(JSONProblem) -> String {
    try expect("\"")
    let start = position
    var units: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: units, as: UTF8.self) else {
          throw problem("text that is not UTF-8", at: start)
        }
        return text
      case UInt8(ascii: "\\"): units.append(contentsOf: try escape())
      case 0..<0x20: throw problem("a control character in text", at: position - 1)
      default: units.append(byte)
      }
    }
    throw problem("text that does not end", at: start)
  }

  private mutating func escape() throws(JSONProblem) -> [UInt8] {
    guard let byte = next else { throw problem("it ends early") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var units = [try hexadecimal()]
      if UTF16.isLeadSurrogate(units[0]), next == UInt8(ascii: "\\") {
        position += 1
        guard next == UInt8(ascii: "u") else { throw problem("half of a character") }
        position += 1
        units.append(try hexadecimal())
      }
      guard let text = String(validating: units, as: UTF16.self) else {
        throw problem("half of a character")
      }
      return Array(text.utf8)
    default: throw problem("an unknown escape", at: position - 1)
    }
  }

  private mutating func hexadecimal() throws(JSONProblem) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw problem("expected four hexadecimal digits")
      }
      value = value << 4 | UInt16(digit)
      position += 1
    }
    return value
  }
}
