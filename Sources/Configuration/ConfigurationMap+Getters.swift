/// Typed values by key. Each type has three forms: required, `default:`, and `ifPresent`, which
/// gives nil when the key is missing or `null`. All throw `ConfigurationError` with the place.
extension ConfigurationMap {
  // MARK: Text

  /// Text that must be given.
  public func string(_ key: String) throws(ConfigurationError) -> String {
    try required(key, string(ifPresent: key))
  }

  /// Text, or a default.
  public func string(_ key: String, default fallback: String) throws(ConfigurationError) -> String {
    try string(ifPresent: key) ?? fallback
  }

  /// Text, or nil.
  public func string(ifPresent key: String) throws(ConfigurationError) -> String? {
    guard let value = given(key) else { return nil }
    return try text(value, at: place(key))
  }

  // MARK: Choices

  /// One of the cases of an enumeration, by raw value; must be given.
  public func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String, of type: Choice.Type
  ) throws(ConfigurationError) -> Choice {
    try required(key, choice(ifPresent: key, of: type))
  }

  /// One of the cases of an enumeration, or a default.
  public func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String, default fallback: Choice
  ) throws(ConfigurationError) -> Choice {
    try choice(ifPresent: key, of: Choice.self) ?? fallback
  }

  /// One of the cases of an enumeration, or nil.
  public func choice<Choice: CaseIterable & RawRepresentable<String>>(
    ifPresent key: String, of type: Choice.Type
  ) throws(ConfigurationError) -> Choice? {
    guard let word = try string(ifPresent: key) else { return nil }
    guard let choice = Choice(rawValue: word) else {
      throw .notAChoice(place(key), value: word, choices: Choice.allCases.map(\.rawValue))
    }
    return choice
  }

  // MARK: Numbers

  /// A whole number that must be given.
  public func int(
    _ key: String, in range: ClosedRange<Int> = .min ... .max
  ) throws(ConfigurationError) -> Int {
    try required(key, int(ifPresent: key, in: range))
  }

  /// A whole number, or a default.
  public func int(
    _ key: String, in range: ClosedRange<Int> = .min ... .max, default fallback: Int
  ) throws(ConfigurationError) -> Int {
    try int(ifPresent: key, in: range) ?? fallback
  }

  /// A whole number, or nil.
  public func int(
    ifPresent key: String, in range: ClosedRange<Int> = .min ... .max
  ) throws(ConfigurationError) -> Int? {
    guard let value = given(key) else { return nil }
    return try whole(value, in: range, at: place(key))
  }

  /// A number that must be given.
  public func double(
    _ key: String, in bounds: NumberBounds = .any
  ) throws(ConfigurationError) -> Double {
    try required(key, double(ifPresent: key, in: bounds))
  }

  /// A number, or a default.
  public func double(
    _ key: String, in bounds: NumberBounds = .any, default fallback: Double
  ) throws(ConfigurationError) -> Double {
    try double(ifPresent: key, in: bounds) ?? fallback
  }

  /// A number, or nil.
  public func double(
    ifPresent key: String, in bounds: NumberBounds = .any
  ) throws(ConfigurationError) -> Double? {
    guard let value = given(key) else { return nil }
    return try number(value, in: bounds, at: place(key))
  }

  // MARK: Truth

  /// `true` or `false`; must be given.
  public func bool(_ key: String) throws(ConfigurationError) -> Bool {
    try required(key, bool(ifPresent: key))
  }

  /// `true` or `false`, or a default.
  public func bool(_ key: String, default fallback: Bool) throws(ConfigurationError) -> Bool {
    try bool(ifPresent: key) ?? fallback
  }

  /// `true` or `false`, or nil.
  public func bool(ifPresent key: String) throws(ConfigurationError) -> Bool? {
    guard let value = given(key) else { return nil }
    guard case .bool(let truth) = value else {
      throw .wrongType(place(key), found: value.summary, expected: "true or false")
    }
    return truth
  }

  // MARK: Helpers

  /// The value of a key unless it is missing or null.
  func given(_ key: String) -> ConfigurationValue? {
    guard let value = value(key), value != .null else { return nil }
    return value
  }

  /// The value, or the error that its key is missing.
  func required<Value>(_ key: String, _ value: Value?) throws(ConfigurationError) -> Value {
    guard let value else { throw .missingKey(place(), key: key, present: keys) }
    return value
  }

  func text(
    _ value: ConfigurationValue, at place: ConfigurationPlace
  ) throws(ConfigurationError) -> String {
    guard case .string(let text) = value else {
      throw .wrongType(place, found: value.summary, expected: "text (in quotes if it looks so)")
    }
    return text
  }

  func whole(
    _ value: ConfigurationValue, in range: ClosedRange<Int>, at place: ConfigurationPlace
  ) throws(ConfigurationError) -> Int {
    guard case .int(let whole) = value else {
      if case .double(let number) = value, !number.isFinite {
        throw .notFinite(place, value: "\(number)")
      }
      throw .wrongType(place, found: value.summary, expected: "a whole number")
    }
    guard range.contains(whole) else {
      throw .outOfRange(place, value: "\(whole)", allowed: words(range))
    }
    return whole
  }

  func number(
    _ value: ConfigurationValue, in bounds: NumberBounds, at place: ConfigurationPlace
  ) throws(ConfigurationError) -> Double {
    let number: Double
    switch value {
    case .int(let whole): number = Double(whole)
    case .double(let double): number = double
    default: throw .wrongType(place, found: value.summary, expected: "a number")
    }
    guard number.isFinite else { throw .notFinite(place, value: "\(number)") }
    guard bounds.contains(number) else {
      throw .outOfRange(place, value: decimal(number), allowed: bounds.text)
    }
    return number
  }
}

/// The range in words: `at least 1 and at most 9`.
private func words(_ range: ClosedRange<Int>) -> String {
  var parts: [String] = []
  if range.lowerBound > .min { parts.append("at least \(range.lowerBound)") }
  if range.upperBound < .max { parts.append("at most \(range.upperBound)") }
  return parts.joined(separator: " and ")
}
