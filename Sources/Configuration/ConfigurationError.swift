import Tensors

/// Where in a run file a key stands.
public struct ConfigurationPlace: Sendable, Equatable, CustomStringConvertible {
  /// The file as the user named it.
  public var file: String
  /// The keys from the top to here, joined by dots; empty at the top level.
  public var path: String
  /// The line, from 1, when it is known.
  public var line: Int?

  /// A place by file, key path and line.
  public init(file: String, path: String = "", line: Int? = nil) {
    (self.file, self.path, self.line) = (file, path, line)
  }

  /// The place as text: `digits.yaml:7, training.rate`.
  public var description: String {
    file + (line.map { ":\($0)" } ?? "") + (path.isEmpty ? "" : ", \(path)")
  }

  /// The key path in a sentence: "training", or "the top level".
  var scope: String { path.isEmpty ? "the top level" : path }
}

/// What can be wrong with a run file; every case is bad input, exit code 3.
public enum ConfigurationError: DiagnosableError, Equatable {
  /// No file of that name.
  case missingFile(String)
  /// A folder or a device where a file is expected.
  case notAFile(String)
  /// The system refused to read the file.
  case unreadable(String, reason: String)
  /// Nothing but blanks and comments.
  case empty(String)
  /// Bytes that are not UTF-8.
  case notText(String)
  /// More bytes, or more values through aliases, than a run file can sensibly have.
  case tooLarge(String, size: Int, limit: Int, unit: String)
  /// YAML that cannot be parsed.
  case syntax(ConfigurationPlace, problem: String)
  /// Another kind of value where keys and values are expected.
  case notAMapping(ConfigurationPlace, found: String)
  /// A key that is given twice.
  case duplicatedKey(ConfigurationPlace, key: String)
  /// A list or a mapping used as a key.
  case keyNotText(ConfigurationPlace)
  /// A key that nothing reads.
  case unknownKey(ConfigurationPlace, key: String, known: [String])
  /// A key that is needed and not there; `present` are the keys that are.
  case missingKey(ConfigurationPlace, key: String, present: [String])
  /// A value of another type.
  case wrongType(ConfigurationPlace, found: String, expected: String)
  /// A number outside its bounds.
  case outOfRange(ConfigurationPlace, value: String, allowed: String)
  /// NaN or an infinity.
  case notFinite(ConfigurationPlace, value: String)
  /// A word that is not one of the choices.
  case notAChoice(ConfigurationPlace, value: String, choices: [String])
  /// A value that is right in itself and has no meaning beside the others.
  case unfit(ConfigurationPlace, value: String, reason: String)
  /// Keys of which only one may be given, or, when `found` is empty, one must.
  case conflictingKeys(ConfigurationPlace, found: [String], of: [String])

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .missingFile(let file): "there is no run file \(file)."
    case .notAFile(let file): "\(file) is not a file."
    case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)."
    case .empty(let file): "\(file) is empty."
    case .notText(let file): "\(file) is not UTF-8 text."
    case .tooLarge(let file, let size, let limit, let unit):
      "\(file) has \(size) \(unit), more than the \(limit) of a run file."
    case .syntax(let place, let problem):
      "this is not \(place.file.hasSuffix(".json") ? "JSON" : "YAML"): \(problem)."
    case .notAMapping(let place, let found):
      "expected keys and values in \(place.scope), found \(found)."
    case .duplicatedKey(let place, let key): "the key `\(key)` is given twice in \(place.scope)."
    case .keyNotText(let place): "a key in \(place.scope) is not a word."
    case .unknownKey(let place, let key, let known):
      "unknown key `\(key)` in \(place.scope)" + didYouMean(key, known)
    case .missingKey(let place, let key, let present):
      "the key `\(key)` is missing in \(place.scope)"
        + (nearest(to: key, among: present).map { "; is `\($0)` meant to be it?" } ?? ".")
    case .wrongType(let place, let found, let expected):
      "\(place.scope) is \(found), expected \(expected)."
    case .outOfRange(let place, let value, let allowed):
      "\(place.scope) is \(value), outside its bounds: \(allowed)."
    case .notFinite(let place, let value): "\(place.scope) is \(value), not a finite number."
    case .notAChoice(let place, let value, let choices):
      "\(place.scope) cannot be `\(value)`" + didYouMean(value, choices)
    case .unfit(let place, let value, let reason):
      "\(place.scope) cannot be `\(value)` here: \(reason)."
    case .conflictingKeys(let place, let found, let keys):
      found.isEmpty
        ? "\(place.scope) has none of the keys \(listed(keys))."
        : "\(place.scope) has \(listed(found)), which exclude each other."
    }
  }

  /// The file, line and key path.
  public var location: String {
    switch self {
    case .missingFile(let file), .notAFile(let file), .unreadable(let file, _), .empty(let file),
      .notText(let file), .tooLarge(let file, _, _, _):
      file
    case .syntax(let place, _), .notAMapping(let place, _), .duplicatedKey(let place, _),
      .keyNotText(let place), .unknownKey(let place, _, _), .missingKey(let place, _, _),
      .wrongType(let place, _, _), .outOfRange(let place, _, _), .notFinite(let place, _),
      .notAChoice(let place, _, _), .unfit(let place, _, _), .conflictingKeys(let place, _, _):
      place.description
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .missingFile: "give the path of a run file; Examples/digits.yaml is one to start from."
    case .notAFile: "give the path of a run file, not of a folder or device."
    case .unreadable: "check that you may read the file."
    case .empty: "write the keys of a run; Examples/digits.yaml is one to start from."
    case .notText: "save the file as UTF-8."
    case .tooLarge: "a run file only names data; keep the data itself in a file of its own."
    case .syntax: "check indentation, colons and quotes near this place."
    case .notAMapping: "write `key: value` pairs here."
    case .duplicatedKey: "keep one of the two."
    case .keyNotText: "use a plain word as key."
    case .unknownKey(_, _, let known):
      known.isEmpty ? "remove it; there are no keys here." : "the keys here are \(listed(known))."
    case .missingKey(_, let key, _): "add `\(key): …` here."
    case .wrongType(_, _, let expected): "write \(expected)."
    case .outOfRange(_, _, let allowed): "choose a number that is \(allowed)."
    case .notFinite: "choose a finite number."
    case .notAChoice(_, _, let choices): "choose one of \(listed(choices))."
    case .unfit: "remove it, or change what it does not fit."
    case .conflictingKeys(_, let found, let keys):
      found.isEmpty ? "give one of \(listed(keys))." : "keep one of them."
    }
  }
}

/// `; did you mean `x`?` when a known word is near, else a full stop.
private func didYouMean(_ word: String, _ known: [String]) -> String {
  nearest(to: word, among: known).map { "; did you mean `\($0)`?" } ?? "."
}

/// `a, b, c` in order of the alphabet.
private func listed(_ words: [String]) -> String {
  words.sorted().joined(separator: ", ")
}
