import Configuration

/// The data of a run, as its run file names them.
///
/// ```yaml
/// train: {format: csv, path: digits-train.csv, label: last}
/// test:  {format: csv, path: digits-test.csv, label: last}   # or split: {test: 500, seed: 0}
/// scale: [0, 16]                                             # these become 0 and 1
/// standardise: true                                          # or {mean: 0.1307, std: 0.3081}
/// flip:  {fraction: 0.1, seed: 0}                            # planted in training labels only
/// decisions: reviewed.csv                                    # keep, relabel, drop: what people decided
/// ```
///
/// With `split`, the one source is given as `source` or `train`; `test` and `train` are numbers of
/// examples (500) or shares (0.1), or `file` names a file of test ids. Without `test` and `split`, or
/// with `split: {test: 0}`, there is no test set. `task` is `classification`
/// (default) or `regression`; `classes` fixes names and order of the classes, or their number.
/// Images of bytes (IDX, folders) have `scale: [0, 255]` unless another scale, or `false`, is given.
/// `standardise` is `true` (`columns` for tables, `global` for images), `columns`, `channels`,
/// `global`, or numbers that apply after the scale: one, or one for each channel or feature.
/// `decisions` is a file or a list of files (`ReviewDecisions`), taken over in their order after all else;
/// those about test examples are refused without `touchTest: true`.
public struct DataConfiguration: Sendable {
  /// What the targets are.
  public enum Task: String, CaseIterable, Sendable {
    /// A class for each example.
    case classification
    /// Numbers for each example.
    case regression
  }

  enum Test: Sendable {
    case source(SourceConfiguration)
    case split(Split)
    case none
  }

  enum Scale: Sendable, Equatable {
    case byFormat
    case none
    case range([Double])
  }

  enum Standardise: Sendable, Equatable {
    case none
    case byShape
    case statistics(Normalisation.Statistics)
    case numbers(mean: [Double], std: [Double])
  }

  /// What the targets are.
  public let task: Task
  /// The planted noise.
  public let noise: LabelNoise?
  /// Files of decisions about examples, in the order in which they are taken over.
  public let decisions: [String]
  /// Whether they may be about test examples.
  public let touchesTest: Bool
  /// The file of the training examples' weights, which the `training` of a run file names; nil: none.
  public private(set) var weights: String?
  let train: SourceConfiguration
  let test: Test
  let classes: [String]?
  let scale: Scale
  let standardise: Standardise

  /// Whether the training examples are texts, which a tokenizer makes sequences of.
  public var readsTexts: Bool {
    switch train.reader {
    case .lines: true
    case .tokens(let reader): if case .text = reader.form { true } else { false }
    case .csv, .idx, .npy, .npz, .hdf5, .images: false
    }
  }

  /// Whether the training examples are images of bytes: files, or IDX.
  public var readsImages: Bool {
    switch train.reader {
    case .images, .idx: true
    case .csv, .npy, .npz, .hdf5, .tokens, .lines: false
    }
  }

  /// Reads the `data` mapping of a run file.
  ///
  /// - Parameters:
  ///   - map: the mapping; keys that mean nothing here are errors.
  ///   - folder: where relative paths begin: the folder of the run file.
  public init(
    from map: ConfigurationMap, relativeTo folder: String
  ) throws(ConfigurationError) {
    try map.checkKeys(known: [
      "train", "test", "source", "split", "scale", "standardise", "flip", "task", "classes",
      "decisions", "touchTest",
    ])
    task = try map.choice("task", default: .classification)
    let isRegression = task == .regression
    let testKey = try map.atMostOne(of: ["test", "split"])
    let trainKey = try map.exactlyOne(of: ["train", "source"])
    if testKey == "test", trainKey == "source" {
      throw .missingKey(map.place(), key: "train", present: map.keys)
    }
    train = try SourceConfiguration(
      from: map.map(trainKey), relativeTo: folder, isRegression: isRegression)
    test =
      switch testKey {
      case nil: .none
      case "split": .split(try Split(from: map.map("split"), relativeTo: folder))
      default:
        .source(
          try SourceConfiguration(
            from: map.map("test"), relativeTo: folder, isRegression: isRegression))
      }
    classes = try Self.classes(map)
    scale = try Self.scale(map)
    standardise = try Self.standardise(map)
    noise = try map.map(ifPresent: "flip").map { flip throws(ConfigurationError) in
      try LabelNoise(from: flip)
    }
    decisions = try Self.decisions(map).map { resolved($0, in: folder) }
    touchesTest = try map.bool("touchTest", default: false)
    try map.finish()
  }

  /// The same data with weights from a file (`ExampleWeights`); nil: none.
  ///
  /// - Parameter folder: where a relative path begins.
  public func weighted(by file: String?, relativeTo folder: String) -> DataConfiguration {
    var copy = self
    copy.weights = file.map { resolved($0, in: folder) }
    return copy
  }

  /// One file or several.
  private static func decisions(_ map: ConfigurationMap) throws(ConfigurationError) -> [String] {
    if case .list = map.value("decisions") { return try map.strings(ifPresent: "decisions") ?? [] }
    return try map.string(ifPresent: "decisions").map { [$0] } ?? []
  }

  private static func classes(_ map: ConfigurationMap) throws(ConfigurationError) -> [String]? {
    guard let value = map.value("classes"), value != .null else { return nil }
    if case .int = value {
      return (0..<(try map.int("classes", in: 2...1_000_000))).map(String.init)
    }
    guard let list = try map.list(ifPresent: "classes") else { return nil }
    var names: [String] = []
    for (i, element) in list.enumerated() {
      let place = map.place("classes[\(i)]")
      let name: String
      switch element {
      case .int(let number): name = String(number)
      case .string(let text): name = text
      default:
        throw .wrongType(place, found: element.summary, expected: "a word or a whole number")
      }
      if names.contains(name) { throw .duplicatedKey(place, key: name) }
      names.append(name)
    }
    guard names.count >= 2 else {
      throw .outOfRange(map.place("classes"), value: "\(names.count)", allowed: "at least 2")
    }
    return names
  }

  private static func scale(_ map: ConfigurationMap) throws(ConfigurationError) -> Scale {
    guard let value = map.value("scale"), value != .null else { return .byFormat }
    if value == .bool(false) { return .none }
    guard let range = try map.doubles(ifPresent: "scale", count: 2) else { return .byFormat }
    guard range[0] < range[1], (range[1] - range[0]).isFinite else {
      throw .outOfRange(
        map.place("scale[1]"), value: "\(range[1])", allowed: "greater than \(range[0])")
    }
    return .range(range)
  }

  private static func standardise(
    _ map: ConfigurationMap
  ) throws(ConfigurationError) -> Standardise {
    switch map.value("standardise") {
    case nil, .null, .bool(false): return .none
    case .bool(true): return .byShape
    case .map:
      let numbers = try map.map("standardise")
      let mean = try numbers.numbers("mean", in: .any)
      let std = try numbers.numbers("std", in: .positive)
      guard mean.count == std.count else {
        throw .wrongType(
          numbers.place("std"), found: "a list of \(std.count)",
          expected: "as many numbers as mean, \(mean.count)")
      }
      return .numbers(mean: mean, std: std)
    case .string:
      return .statistics(try map.choice("standardise", of: Normalisation.Statistics.self))
    case let value?:
      throw .wrongType(
        map.place("standardise"), found: value.summary,
        expected: "true, false, columns, channels, global or {mean: …, std: …}")
    }
  }
}

extension ConfigurationMap {
  /// One number or a list of them.
  fileprivate func numbers(
    _ key: String, in bounds: NumberBounds
  ) throws(ConfigurationError) -> [Double] {
    if case .list = value(key) {
      let list = try doubles(ifPresent: key, in: bounds) ?? []
      if list.isEmpty { throw .wrongType(place(key), found: "a list of 0", expected: "numbers") }
      return list
    }
    return [try double(key, in: bounds)]
  }

  /// A seed.
  fileprivate func seed() throws(ConfigurationError) -> UInt64 {
    UInt64(try int("seed", in: 0 ... .max, default: 0))
  }
}

extension LabelNoise {
  fileprivate init(from map: ConfigurationMap) throws(ConfigurationError) {
    try map.checkKeys(known: ["fraction", "seed"])
    self.init(fraction: try map.double("fraction", in: .fraction), seed: try map.seed())
  }
}

extension Split {
  fileprivate init(
    from map: ConfigurationMap, relativeTo folder: String
  ) throws(ConfigurationError) {
    if let file = try map.string(ifPresent: "file") {
      try map.checkKeys(known: ["file"])
      self = .file(resolved(file, in: folder))
      return
    }
    try map.checkKeys(known: ["test", "train", "seed", "file"])
    guard let test = try Size(map, "test", least: 0) else {
      throw .missingKey(map.place(), key: "test", present: map.keys)
    }
    self = .random(
      train: try Size(map, "train", least: 1) ?? .rest, test: test, seed: try map.seed())
  }
}

extension Split.Size {
  /// - Parameter least: examples of a number; shares are above 0.
  fileprivate init?(
    _ map: ConfigurationMap, _ key: String, least: Int
  ) throws(ConfigurationError) {
    switch map.value(key) {
    case nil, .null: return nil
    case .int: self = .count(try map.int(key, in: least ... .max))
    default: self = .fraction(try map.double(key, in: .properFraction))
    }
  }
}
