import JSON

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
  public var canonicalJSON: String { JSON.text(json, layout: .compact) }

  /// The value as one of JSON.
  public var json: JSONValue {
    switch self {
    case .null: .null
    case .bool(let value): .truth(value)
    case .int(let value): .whole(value)
    case .double(let value): .number(value)
    case .string(let value): .text(value)
    case .list(let values): .list(values.map(\.json))
    case .map(let values): .object(values.map { ($0.key, $0.value.json) })
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
