import Tensors

/// What can go wrong when parameters are chosen by name.
public enum SelectionError: DiagnosableError, Equatable {
  /// A pattern matches none of the names.
  case unmatched(pattern: String, names: [String], place: String)
  /// The patterns leave none of the names.
  case empty(patterns: String, names: [String], place: String)

  /// What went wrong.
  public var what: String {
    switch self {
    case .unmatched(let pattern, let names, _):
      "no layer is called `\(pattern)`"
        + (SelectionError.near(pattern, names).map { "; did you mean `\($0)`?" } ?? "")
    case .empty(let patterns, _, _): "`\(patterns)` leaves no parameter"
    }
  }

  /// Where.
  public var location: String {
    switch self {
    case .unmatched(_, _, let place), .empty(_, _, let place): place
    }
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .unmatched(_, let names, _), .empty(_, let names, _):
      "the parameters here are " + names.prefix(12).joined(separator: ", ")
        + (names.count > 12 ? ", … (\(names.count) in all; `ascribe inspect` lists them)" : "")
    }
  }

  /// The nearest name of a parameter or a layer, or of the end of one.
  private static func near(_ pattern: String, _ names: [String]) -> String? {
    let word = String(pattern.drop { $0 == "!" })
    var known = Set<String>()
    for name in names {
      let parts = name.split(separator: ".")
      for first in parts.indices {
        for last in first..<parts.count {
          known.insert(parts[first...last].joined(separator: "."))
        }
      }
    }
    return nearest(to: word, among: Array(known))
  }
}
