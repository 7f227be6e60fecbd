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
    /// One member of the outermost value a line, its value compact.
    case members
  }

  /// A value as JSON text, without a last line break.
  ///
  /// - Throws: only what the value's own `encode(to:)` throws.
  public static func text(
    _ value: some Encodable, layout: Layout = .indented
  ) throws -> String {
    text(try JSONEncoding.value(of: value, at: []), layout: layout)
  }

  /// A value as JSON text, without a last line break.
  public static func text(_ value: JSONValue, layout: Layout = .indented) -> String {
    var text = ""
    value.write(into: &text, layout: layout, depth: 0)
    return text
  }

  /// A string literal of JSON; only quotes, backslashes and control characters are escaped.
  public static func quoted(_ string: String) -> String {
    var text = ""
    write(string, into: &text)
    return text
  }

  /// Writes a string literal.
  static func write(_ string: String, into text: inout String) {
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
