/// A value of a run file: what YAML 1.2 and JSON have in common.
public indirect enum ConfigurationValue: Sendable, Equatable {
  /// `null`, `~` or nothing.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case int(Int)
  /// A number with a point or an exponent, or too large for `int`; NaN and infinities too.
  case double(Double)
  /// Text.
  case string(String)
  /// Values in order.
  case list([ConfigurationValue])
  /// Values by key.
  case map([String: ConfigurationValue])

  /// The value as JSON whose bytes depend on nothing but the value.
  ///
  /// Keys sorted by their UTF-8 bytes, no blanks, shortest decimals. Doubles keep a point or an
  /// exponent, so that reading it as a run file gives the same value; NaN and infinities, which
  /// JSON lacks, become `null`.
  public var canonicalJSON: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .double(let value): value.isFinite ? "\(value)" : "null"
    case .string(let value): jsonString(value)
    case .list(let values): "[" + values.map(\.canonicalJSON).joined(separator: ",") + "]"
    case .map(let values):
      "{"
        + values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { jsonString($0.key) + ":" + $0.value.canonicalJSON }.joined(separator: ",") + "}"
    }
  }

  /// The value in the words of an error message: "the text `abc`".
  public var summary: String {
    switch self {
    case .null: "nothing"
    case .bool(let value): "\(value)"
    case .int(let value): "the whole number \(value)"
    case .double(let value): "the number \(value)"
    case .string(let value): "the text `\(shortened(value))`"
    case .list(let values): "a list of \(values.count)"
    case .map(let values): "a mapping of \(values.count) \(values.count == 1 ? "key" : "keys")"
    }
  }
}

/// At most 40 letters of a text, on one line.
private func shortened(_ text: String) -> String {
  let line = text.split(whereSeparator: \.isNewline).joined(separator: "⏎")
  return line.count > 40 ? line.prefix(40) + "…" : line
}

/// A JSON string literal; only quotes, backslashes and control characters are escaped.
private func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _ where scalar.value < 0x20 || scalar.value == 0x7f:
      let hex = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

extension ConfigurationValue: Codable {
  /// Decodes any JSON value.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([ConfigurationValue].self) {
      self = .list(value)
    } else {
      self = .map(try container.decode([String: ConfigurationValue].self))
    }
  }

  /// Encodes the value as JSON has it, without a wrapper.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .map(let values): try container.encode(values)
    }
  }
}
