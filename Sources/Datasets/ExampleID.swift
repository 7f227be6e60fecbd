/// The name of an example, stable under subsets and reordering.
///
/// Its row in its source, from 0, unless a column, a key or a file gives it a name. In JSON a row
/// is a number and a name a string. Text and id correspond one to one: a name that is written like
/// a row number, such as "17", is that row number.
public enum ExampleID: Hashable, Sendable {
  /// The row in the source, from 0.
  case row(Int)
  /// A name from the source.
  case name(String)

  /// The id that is written as `text`: "17" is a row; "017", "-1" and "cat_17" are names.
  public init(_ text: String) {
    if let row = Int(text), row >= 0, String(row) == text {
      self = .row(row)
    } else {
      self = .name(text)
    }
  }
}

extension ExampleID: CustomStringConvertible {
  /// The id as text: `ExampleID(id.description) == id`.
  public var description: String {
    switch self {
    case .row(let row): String(row)
    case .name(let name): name
    }
  }
}

extension ExampleID: Comparable {
  /// Rows by number, then names by their UTF-8 bytes.
  public static func < (a: ExampleID, b: ExampleID) -> Bool {
    switch (a, b) {
    case (.row(let a), .row(let b)): a < b
    case (.name(let a), .name(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.row, .name): true
    case (.name, .row): false
    }
  }
}

extension ExampleID: Codable {
  /// A JSON number that is not negative, or a string.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let row = try? container.decode(Int.self), row >= 0 {
      self = .row(row)
    } else {
      self = ExampleID(try container.decode(String.self))
    }
  }

  /// A JSON number or a string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .row(let row): try container.encode(row)
    case .name(let name): try container.encode(name)
    }
  }
}
