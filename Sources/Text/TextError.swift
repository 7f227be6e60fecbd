import Configuration
import Tensors

/// A place inside a file of JSON.
public enum TextPlace: Sendable, Equatable, CustomStringConvertible {
  /// The file as a whole.
  case file
  /// An offset in bytes.
  case byte(Int)
  /// A line of text, from 1.
  case line(Int)
  /// A member of a JSON value, in files of one value a line with the line from 1.
  case member(line: Int?, path: String)

  /// `line 3, field model.vocab`; empty for the whole file.
  public var description: String {
    switch self {
    case .file: ""
    case .byte(let offset): "byte \(offset)"
    case .line(let line): "line \(line)"
    case .member(let line, let path): (line.map { "line \($0), " } ?? "") + "field \(path)"
    }
  }
}

/// What can be wrong with a file of JSON, such as a tokenizer.json; exit code 3.
public enum TextError: DiagnosableError, Equatable {
  /// The file contradicts its format, or itself.
  case malformed(file: String, place: TextPlace, problem: String)
  /// Something the format allows and this reader does not.
  case unsupported(file: String, place: TextPlace, feature: String, supported: String)
  /// An object without a field that it needs.
  case missingField(file: String, place: TextPlace, field: String, present: [String])
  /// A value of another kind than its field has.
  case wrongField(file: String, place: TextPlace, expected: String, found: String)

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .malformed(_, _, let problem): "the file is damaged: \(problem)."
    case .unsupported(_, _, let feature, _): "\(feature) cannot be read."
    case .missingField(_, _, let field, let present):
      "there is no field `\(field)`"
        + (nearest(to: field, among: present).map { "; did you mean `\($0)`?" } ?? ".")
    case .wrongField(_, _, let expected, let found):
      "\(found) stands where \(expected) is expected."
    }
  }

  /// The file and the place in it.
  public var location: String {
    switch self {
    case .malformed(let file, let place, _), .unsupported(let file, let place, _, _),
      .missingField(let file, let place, _, _), .wrongField(let file, let place, _, _):
      place == .file ? file : "\(file), \(place)"
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .malformed: "get the file again, or write it anew."
    case .unsupported(_, _, _, let supported): "write it as \(supported)."
    case .missingField(_, _, _, let present):
      present.isEmpty ? "the object is empty." : "the fields here are \(listed(present))."
    case .wrongField: "correct the value."
    }
  }
}

/// At most twelve words.
private func listed(_ words: [String]) -> String {
  words.prefix(12).joined(separator: ", ")
    + (words.count > 12 ? ", … (\(words.count) in all)" : "")
}
