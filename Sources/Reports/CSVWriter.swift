/// Comma-separated values by RFC 4180: lines end in CR LF, quotes only where they are needed.
///
/// What it writes reads back field for field. Lines can be written as they come (`line`), so that a
/// long file needs no memory, or gathered in a value.
public struct CSVWriter: Sendable, Equatable {
  /// The lines so far, the header first.
  public private(set) var text: String
  /// The number of fields of every line.
  public let columnCount: Int

  /// A file of a header.
  public init(header: [String]) {
    precondition(!header.isEmpty, "a CSV file without columns")
    columnCount = header.count
    text = CSVWriter.line(header)
  }

  /// Adds a line of as many fields as the header.
  public mutating func append(_ fields: [String]) {
    precondition(fields.count == columnCount, "\(fields.count) fields for \(columnCount) columns")
    text += CSVWriter.line(fields)
  }

  /// One line with its CR LF.
  public static func line(_ fields: [String]) -> String {
    // A line of one empty field would be an empty line, which readers skip.
    if fields == [""] { return "\"\"\r\n" }
    return fields.map(quoted).joined(separator: ",") + "\r\n"
  }

  /// A number with the fewest digits that read back as the same one; `nan`, `inf` and `-inf`.
  public static func field(_ value: Float) -> String { "\(value)" }

  /// A number with the fewest digits that read back as the same one; `nan`, `inf` and `-inf`.
  public static func field(_ value: Double) -> String { "\(value)" }

  /// A field in quotes if it has a comma, a quote, a line break, or blanks at an end.
  private static func quoted(_ field: String) -> String {
    let special = Array(",\"\r\n".utf8)
    let blanks = Array(" \t".utf8)
    let ends = [field.utf8.first, field.utf8.last].compactMap { $0 }
    let needsQuotes =
      field.utf8.contains(where: special.contains) || ends.contains(where: blanks.contains)
    guard needsQuotes else { return field }
    var result = "\""
    for scalar in field.unicodeScalars {
      result.unicodeScalars.append(scalar)
      if scalar == "\"" { result.unicodeScalars.append(scalar) }
    }
    return result + "\""
  }
}
