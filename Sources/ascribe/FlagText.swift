import Foundation

/// The libraries name what was asked for by its field, `‹damping›` or `‹kernel: exact›`; here it gets
/// the name that it has on the command line: `--damping`, `--kernel exact`.
enum FlagText {
  /// Fields whose option is called otherwise.
  private static let other = [
    "dimension": "dim", "byToken": "tokens", "featureType": "dtype", "fusedWith": "fuse",
    "overwrites": "overwrite", "kinds": "of", "components": "only",
  ]

  /// A text with every such field in the words of the command line.
  static func named(in text: String) -> String {
    guard text.contains("‹") else { return text }
    return text.replacing(#/‹([a-z][A-Za-z]*)(?:: ([^›]*))?›/#) { match in
      let flag = "--" + option(String(match.1))
      return match.2.map { "\(flag) \($0)" } ?? flag
    }
  }

  private static func option(_ field: String) -> String {
    other[field]
      ?? field.reduce(into: "") { text, letter in
        text += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
      }
  }
}
