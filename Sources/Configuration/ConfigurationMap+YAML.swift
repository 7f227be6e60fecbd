import Foundation
import Yams

/// Reading YAML, strictly.
///
/// Scalars follow the core schema of YAML 1.2: `yes`, `on` and `1:30` are text, `1e-3` is a
/// number, `0x10` is 16, and what stands in quotes is text. Yams (MIT, on libyaml) parses; it
/// refuses duplicated keys and more than 1,000 levels.
extension ConfigurationMap {
  /// Run files are small, and a `config.json` with the names of 20,000 classes has 2 MB; more is a
  /// mistake or an attack.
  static let byteLimit = 8 << 20
  /// Names of classes, twice each in a `config.json`, are the most; aliases could make billions.
  static let valueLimit = 100_000

  /// Reads a run file.
  public init(contentsOf file: String) throws(ConfigurationError) {
    try self.init(yaml: readText(file), file: file)
  }

  /// Reads the text of a run file; `file` is the name for error messages.
  public init(yaml: String, file: String) throws(ConfigurationError) {
    let size = yaml.utf8.count
    guard size <= Self.byteLimit else {
      throw .tooLarge(file, size: size, limit: Self.byteLimit, unit: "bytes")
    }
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch {
      throw ConfigurationError(error, file: file)
    }
    guard let root else { throw .empty(file) }
    var reader = NodeReader(file: file)
    let value = try reader.value(root, path: "")
    guard case .map(let values) = value else {
      if value == .null { throw .empty(file) }
      throw .notAMapping(ConfigurationPlace(file: file), found: value.summary)
    }
    self.init(values: values, file: file, path: "", lines: reader.lines)
  }
}

/// Turns nodes into values and remembers where each key stands.
private struct NodeReader {
  let file: String
  var lines: [String: Int] = [:]
  var count = 0

  init(file: String) { self.file = file }

  mutating func value(
    _ node: Node, path: String
  ) throws(ConfigurationError) -> ConfigurationValue {
    count += 1
    let limit = ConfigurationMap.valueLimit
    guard count <= limit else { throw .tooLarge(file, size: count, limit: limit, unit: "values") }
    switch node {
    case .scalar(let scalar):
      return scalar.style == .plain ? plainValue(scalar.string) : .string(scalar.string)
    case .sequence(let sequence):
      var values: [ConfigurationValue] = []
      for (i, element) in sequence.enumerated() {
        let elementPath = "\(path)[\(i)]"
        lines[elementPath] = element.mark?.line
        values.append(try value(element, path: elementPath))
      }
      return .list(values)
    case .mapping(let mapping): return .map(try values(mapping, path: path))
    case .alias: return .null
    }
  }

  mutating func values(
    _ mapping: Node.Mapping, path: String
  ) throws(ConfigurationError) -> [String: ConfigurationValue] {
    var values: [String: ConfigurationValue] = [:]
    for (keyNode, node) in mapping {
      let place = ConfigurationPlace(file: file, path: path, line: keyNode.mark?.line)
      guard case .scalar(let scalar) = keyNode, !scalar.string.isEmpty else {
        throw .keyNotText(place)
      }
      let key = scalar.string
      let keyPath = path.isEmpty ? key : path + "." + key
      lines[keyPath] = place.line
      // Yams compares keys with their tags: `1` and `"1"` are two keys to it.
      let new = try value(node, path: keyPath)
      guard values.updateValue(new, forKey: key) == nil else {
        throw .duplicatedKey(place, key: key)
      }
    }
    return values
  }
}

/// A scalar without quotes, by the core schema of YAML 1.2.
private func plainValue(_ text: String) -> ConfigurationValue {
  switch text {
  case "", "~", "null", "Null", "NULL": return .null
  case "true", "True", "TRUE": return .bool(true)
  case "false", "False", "FALSE": return .bool(false)
  case ".nan", ".NaN", ".NAN": return .double(.nan)
  case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .double(.infinity)
  case "-.inf", "-.Inf", "-.INF": return .double(-.infinity)
  default: break
  }
  if text.wholeMatch(of: /[-+]?[0-9]+/) != nil {
    return Int(text).map { .int($0) } ?? Double(text).map { .double($0) } ?? .string(text)
  }
  if let match = text.wholeMatch(of: /0x([0-9a-fA-F]+)/) {
    return Int(match.1, radix: 16).map { .int($0) } ?? .string(text)
  }
  if text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil {
    return decimalNumber(text).map { .double($0) } ?? .string(text)
  }
  return .string(text)
}

/// Swift's parser wants digits on both sides of the point.
private func decimalNumber(_ text: String) -> Double? {
  var text = text.replacing(/\.(?![0-9])/, with: ".0")
  if let point = text.firstIndex(of: "."),
    point == text.startIndex || !text[text.index(before: point)].isNumber
  {
    text.insert("0", at: point)
  }
  return Double(text)
}

/// The text of a file that is there, is a file, is not too large, and is UTF-8.
private func readText(_ file: String) throws(ConfigurationError) -> String {
  // What a link leads to counts, not the link.
  var status = stat()
  guard stat(file, &status) == 0 else {
    if errno == ENOENT || errno == ENOTDIR { throw .missingFile(file) }
    throw .unreadable(file, reason: String(cString: strerror(errno)))
  }
  guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(file) }
  let size = Int(status.st_size)
  guard size <= ConfigurationMap.byteLimit else {
    throw .tooLarge(file, size: size, limit: ConfigurationMap.byteLimit, unit: "bytes")
  }
  let data: Data
  do {
    data = try Data(contentsOf: URL(fileURLWithPath: file))
  } catch {
    throw .unreadable(file, reason: error.localizedDescription)
  }
  guard let text = String(validating: data, as: UTF8.self) else { throw .notText(file) }
  return text
}

extension ConfigurationError {
  /// The parser's error, with its place.
  fileprivate init(_ error: any Error, file: String) {
    func place(_ mark: Mark) -> ConfigurationPlace {
      ConfigurationPlace(file: file, line: mark.line)
    }
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let text = (context.map { $0.text + ", " } ?? "") + problem
      self = .syntax(place(mark), problem: text.trimmingCharacters(in: .whitespaces))
    case .reader(let problem, let offset, _, _):
      self = .syntax(
        ConfigurationPlace(file: file),
        problem: problem + (offset.map { " at byte \($0)" } ?? ""))
    case .duplicatedKeysInMapping(let keys, let context):
      self = .duplicatedKey(place(context.mark), key: keys.first ?? "")
    default: self = .syntax(ConfigurationPlace(file: file), problem: "\(error)")
    }
  }
}
