import Synchronization

/// A mapping of a run file, read strictly: typed getters, and an error for every key that nothing
/// asked for.
///
/// A getter marks its key as known. When everything is read, `finish()` refuses the keys that no
/// getter named, here and in the mappings taken from here, and suggests the nearest known one.
/// Copies share that memory.
///
/// ```swift
/// let run = try ConfigurationMap(contentsOf: "digits.yaml")
/// let training = try run.map("training")
/// let rate = try training.double("rate", in: .positive)
/// let epochs = try training.int("epochs", in: 1...100_000, default: 30)
/// try run.finish()
/// ```
public struct ConfigurationMap: Sendable {
  /// The values by key.
  public let values: [String: ConfigurationValue]
  /// The file as the user named it.
  public let file: String
  /// The keys from the top to this mapping, joined by dots; empty at the top level.
  public let path: String
  /// Lines by full key path, shared by all mappings of a file.
  let lines: [String: Int]
  private let memory = Memory()

  private final class Memory: Sendable {
    let asked = Mutex<Set<String>>([])
    let children = Mutex<[ConfigurationMap]>([])
  }

  init(values: [String: ConfigurationValue], file: String, path: String, lines: [String: Int]) {
    (self.values, self.file, self.path, self.lines) = (values, file, path, lines)
  }

  /// A mapping from values that are no longer in a file, such as those kept with a run.
  public init(_ values: [String: ConfigurationValue], file: String) {
    self.init(values: values, file: file, path: "", lines: [:])
  }

  /// The keys, sorted.
  public var keys: [String] { values.keys.sorted() }

  /// Whether a key is given; it then counts as known.
  public func has(_ key: String) -> Bool { value(key) != nil }

  /// The value of a key of any type, or nil when it is not given; the key then counts as known.
  public func value(_ key: String) -> ConfigurationValue? {
    memory.asked.withLock { _ = $0.insert(key) }
    return values[key]
  }

  /// The place of a key of this mapping, or of the mapping itself.
  public func place(_ key: String? = nil) -> ConfigurationPlace {
    let full = key.map { path.isEmpty ? $0 : path + "." + $0 } ?? path
    return ConfigurationPlace(file: file, path: full, line: lines[full])
  }

  /// Refuses keys other than `known`.
  public func checkKeys(known: [String]) throws(ConfigurationError) {
    for key in keys where !known.contains(key) {
      var place = place()
      place.line = self.place(key).line
      throw .unknownKey(place, key: key, known: known)
    }
  }

  /// Refuses keys that no getter asked for, here and in every mapping taken from here.
  ///
  /// Call it when everything is read.
  public func finish() throws(ConfigurationError) {
    try checkKeys(known: memory.asked.withLock { Array($0) })
    for child in memory.children.withLock({ $0 }) { try child.finish() }
  }

  /// Refuses more than one, or none, of some keys, and returns the one given.
  public func exactlyOne(of keys: [String]) throws(ConfigurationError) -> String {
    let found = keys.filter(has)
    guard found.count == 1, let key = found.first else {
      throw .conflictingKeys(place(), found: found, of: keys)
    }
    return key
  }

  /// Refuses more than one of some keys, and returns the one given, if any.
  public func atMostOne(of keys: [String]) throws(ConfigurationError) -> String? {
    let found = keys.filter(has)
    if found.count > 1 { throw .conflictingKeys(place(), found: found, of: keys) }
    return found.first
  }

  /// The mapping as JSON with stable bytes: see `ConfigurationValue.canonicalJSON`.
  public var canonicalJSON: String { ConfigurationValue.map(values).canonicalJSON }

  /// A mapping under this one whose keys `finish()` checks too.
  func child(_ values: [String: ConfigurationValue], at path: String) -> ConfigurationMap {
    let child = ConfigurationMap(values: values, file: file, path: path, lines: lines)
    memory.children.withLock { $0.append(child) }
    return child
  }
}
