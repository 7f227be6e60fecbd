import Mustache

/// Text as it stands in HTML and XML, between tags and in quoted attributes.
///
/// Escapes by Unicode scalar: a quote and a combining mark after it are one `Character`, which an
/// escape that compares characters would let through.
struct MarkupText: MustacheContentType {
  /// The name of this escape in a template's `CONTENT_TYPE` pragma.
  static let name = "ASCRIBE-MARKUP"

  /// The escape as mustache calls it.
  func escapeText(_ text: String) -> String { MarkupText.escaped(text) }

  /// The text with `< > & " '` as entities, and what XML does not allow as `�`.
  static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _
      where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        || scalar.value & 0xFFFE == 0xFFFE:
        result.unicodeScalars.append("\u{FFFD}")
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
