/// Mappings and lists by key, in the same three forms as single values.
extension ConfigurationMap {
  /// A mapping that must be given.
  public func map(_ key: String) throws(ConfigurationError) -> ConfigurationMap {
    try required(key, map(ifPresent: key))
  }

  /// A mapping, or nil.
  public func map(ifPresent key: String) throws(ConfigurationError) -> ConfigurationMap? {
    guard let value = given(key) else { return nil }
    guard case .map(let values) = value else {
      throw .notAMapping(place(key), found: value.summary)
    }
    return child(values, at: place(key).path)
  }

  /// A mapping whose keys others read and check, or nil: `finish()` leaves them alone.
  public func detachedMap(ifPresent key: String) throws(ConfigurationError) -> ConfigurationMap? {
    guard let value = given(key) else { return nil }
    guard case .map(let values) = value else {
      throw .notAMapping(place(key), found: value.summary)
    }
    return ConfigurationMap(values: values, file: file, path: place(key).path, lines: lines)
  }

  /// A list of mappings, or nil.
  public func maps(ifPresent key: String) throws(ConfigurationError) -> [ConfigurationMap]? {
    try elements(key) { value, place throws(ConfigurationError) in
      guard case .map(let values) = value else {
        throw .notAMapping(place, found: value.summary)
      }
      return child(values, at: place.path)
    }
  }

  /// A list of any values, or nil.
  public func list(ifPresent key: String) throws(ConfigurationError) -> [ConfigurationValue]? {
    try elements(key) { value, _ throws(ConfigurationError) in value }
  }

  /// A list of whole numbers that must be given.
  public func ints(
    _ key: String, in range: ClosedRange<Int> = .min ... .max
  ) throws(ConfigurationError) -> [Int] {
    try required(key, ints(ifPresent: key, in: range))
  }

  /// A list of whole numbers, or nil; with `count`, exactly as many.
  public func ints(
    ifPresent key: String, in range: ClosedRange<Int> = .min ... .max, count: Int? = nil
  ) throws(ConfigurationError) -> [Int]? {
    let numbers = try elements(key) { value, place throws(ConfigurationError) in
      try whole(value, in: range, at: place)
    }
    return try requiring(count, of: numbers, key)
  }

  /// A list of numbers, or nil; with `count`, exactly as many.
  public func doubles(
    ifPresent key: String, in bounds: NumberBounds = .any, count: Int? = nil
  ) throws(ConfigurationError) -> [Double]? {
    let numbers = try elements(key) { value, place throws(ConfigurationError) in
      try number(value, in: bounds, at: place)
    }
    return try requiring(count, of: numbers, key)
  }

  private func requiring<Number>(
    _ count: Int?, of numbers: [Number]?, _ key: String
  ) throws(ConfigurationError) -> [Number]? {
    if let numbers, let count, numbers.count != count {
      throw .wrongType(
        place(key), found: "a list of \(numbers.count)", expected: "a list of \(count) numbers")
    }
    return numbers
  }

  /// A list of texts, or nil.
  public func strings(ifPresent key: String) throws(ConfigurationError) -> [String]? {
    try elements(key) { value, place throws(ConfigurationError) in try text(value, at: place) }
  }

  private func elements<Element>(
    _ key: String,
    _ read: (ConfigurationValue, ConfigurationPlace) throws(ConfigurationError) -> Element
  ) throws(ConfigurationError) -> [Element]? {
    guard let value = given(key) else { return nil }
    guard case .list(let values) = value else {
      throw .wrongType(place(key), found: value.summary, expected: "a list: [a, b, …]")
    }
    var result: [Element] = []
    for (i, element) in values.enumerated() {
      result.append(try read(element, place("\(key)[\(i)]")))
    }
    return result
  }
}
