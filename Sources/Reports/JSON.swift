/// JSON for other programs: the same value always gives the same bytes.
///
/// Goals in order: valid JSON whatever the numbers are, stable bytes, exact numbers, readable.
/// Keys are in the order of their UTF-8 bytes; numbers have the fewest digits that read back as the
/// same `Float` or `Double`; NaN and infinities are `null`; text other than quotes, backslashes and
/// control characters stands as it is, in UTF-8.
public enum JSON {
  /// How the text is laid out.
  public enum Layout: Sendable {
    /// One line without blanks: for lines of JSON, one value a line.
    case compact
    /// One member a line, indented by two blanks.
    case indented
  }

  /// A value as JSON text, without a last line break.
  ///
  /// - Throws: only what the value's own `encode(to:)` throws.
  public static func text(
    _ value: some Encodable, layout: Layout = .indented
  ) throws -> String {
    let node = try JSONEncoding.node(of: value, at: [])
    var text = ""
    node.write(into: &text, layout: layout, depth: 0)
    return text
  }
}

/// A JSON value on its way to text.
indirect enum JSONNode {
  case null
  case literal(String)
  case string(String)
  case array([JSONNode])
  case object([String: JSONNode])

  /// A number, or null when it is not finite.
  static func number<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T) -> JSONNode {
    value.isFinite ? .literal(value.description) : .null
  }

  func write(into text: inout String, layout: JSON.Layout, depth: Int) {
    switch self {
    case .null: text += "null"
    case .literal(let literal): text += literal
    case .string(let string): JSONNode.write(string, into: &text)
    case .array(let items):
      // A row of numbers stays on its line.
      let flat = items.allSatisfy(\.isScalar) ? JSON.Layout.compact : layout
      JSONNode.write(items, in: "[]", into: &text, layout: flat, depth: depth) { item, text in
        item.write(into: &text, layout: layout, depth: depth + 1)
      }
    case .object(let members):
      let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      JSONNode.write(sorted, in: "{}", into: &text, layout: layout, depth: depth) { member, text in
        JSONNode.write(member.key, into: &text)
        text += layout == .indented ? ": " : ":"
        member.value.write(into: &text, layout: layout, depth: depth + 1)
      }
    }
  }

  private var isScalar: Bool {
    switch self {
    case .null, .literal: true
    case .string, .array, .object: false
    }
  }

  private static func write<Item>(
    _ items: [Item], in brackets: String, into text: inout String, layout: JSON.Layout, depth: Int,
    each: (Item, inout String) -> Void
  ) {
    let indented = layout == .indented && !items.isEmpty
    text += brackets.prefix(1)
    for (position, item) in items.enumerated() {
      if position > 0 { text += "," }
      if indented { text += "\n" + String(repeating: "  ", count: depth + 1) }
      each(item, &text)
    }
    if indented { text += "\n" + String(repeating: "  ", count: depth) }
    text += brackets.suffix(1)
  }

  private static func write(_ string: String, into text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
