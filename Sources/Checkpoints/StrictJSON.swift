/// A JSON value as safetensors headers have them: members in order, whole numbers only.
enum StrictJSON: Equatable {
  case text(String)
  case whole(Int)
  case list([StrictJSON])
  case object([(name: String, value: StrictJSON)])

  static func == (a: StrictJSON, b: StrictJSON) -> Bool {
    switch (a, b) {
    case (.text(let a), .text(let b)): a == b
    case (.whole(let a), .whole(let b)): a == b
    case (.list(let a), .list(let b)): a == b
    case (.object(let a), .object(let b)): a.elementsEqual(b) { $0 == $1 }
    default: false
    }
  }
}

/// What is wrong with a text that should be JSON, and at which byte.
struct JSONProblem: Error, Equatable {
  let byte: Int
  let problem: String
}

/// Reads the JSON of safetensors headers: UTF-8, no repeated names, no numbers but whole ones from
/// 0, at most 8 levels, nothing but spaces after the end.
struct StrictJSONReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private static let deepest = 8

  /// Parses all of `bytes`.
  static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONProblem) -> StrictJSON {
    var reader = StrictJSONReader(bytes: bytes)
    let value = try reader.value(depth: 0)
    reader.skipBlanks()
    if reader.position < bytes.count { throw reader.problem("something follows the end") }
    return value
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

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

  private mutating func value(depth: Int) throws(JSONProblem) -> StrictJSON {
    guard depth <= StrictJSONReader.deepest else { throw problem("nested too deeply") }
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return .text(try text())
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return .whole(try whole())
    case nil: throw problem("it ends early")
    default: throw problem("expected text, a whole number, a list or an object")
    }
  }

  private mutating func object(depth: Int) throws(JSONProblem) -> StrictJSON {
    try expect("{")
    var members: [(name: String, value: StrictJSON)] = []
    var names = Set<String>()
    if take("}") { return .object([]) }
    repeat {
      skipBlanks()
      let start = position
      let name = try text()
      guard names.insert(name).inserted else {
        throw problem("the name \"\(name)\" is given twice", at: start)
      }
      try expect(":")
      members.append((name, try value(depth: depth + 1)))
    } while take(",")
    try expect("}")
    return .object(members)
  }

  private mutating func list(depth: Int) throws(JSONProblem) -> StrictJSON {
    try expect("[")
    var values: [StrictJSON] = []
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
