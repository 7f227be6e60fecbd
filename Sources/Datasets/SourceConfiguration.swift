import Configuration
import Foundation
import SystemPackage

/// One source of examples in a run file: a format, its files, and which rows to take.
struct SourceConfiguration: Sendable {
  /// The formats.
  enum Format: String, CaseIterable, Sendable {
    case csv, idx, npy, npz, hdf5, images, text, jsonl
  }

  /// A file with arrays, and the names of the arrays in it.
  struct NamedArrays: Sendable {
    var file: String
    var inputs: String
    var labels: String
    var ids: String?
  }

  enum Reader: Sendable {
    case csv(CSVReader)
    case idx(images: String, labels: String)
    case npy(inputs: String, labels: String, ids: String?)
    case npz(NamedArrays)
    case hdf5(NamedArrays)
    case images(ImageFolderReader)
    case tokens(TokenReader)
    case lines(JSONLinesReader)
  }

  var reader: Reader
  /// The rows to take, all when nil.
  var rows: Range<Int>?
  var isRegression: Bool
  /// Where pictures in arrays have their channels; nil: seen from the shape.
  var layout: ImageLayout?

  init(
    from map: ConfigurationMap, relativeTo folder: String, isRegression: Bool
  ) throws(ConfigurationError) {
    self.isRegression = isRegression
    func file(_ key: String) throws(ConfigurationError) -> String {
      resolved(try map.string(key), in: folder)
    }
    func named() throws(ConfigurationError) -> NamedArrays {
      NamedArrays(
        file: try file("path"), inputs: try map.string("inputs", default: "inputs"),
        labels: try map.string("labels", default: "labels"), ids: try map.string(ifPresent: "ids"))
    }
    switch try Self.format(map) {
    case .csv:
      reader = .csv(
        try CSVReader(from: map, file: file("path"), isRegression: isRegression))
    case .idx: reader = .idx(images: try file("images"), labels: try file("labels"))
    case .npy where map.value("path") != nil:
      reader = .tokens(
        TokenReader(
          file: try file("path"),
          form: .array(vocabulary: try map.int(ifPresent: "vocabulary", in: 2...1 << 24))))
    case .text:
      let length = try map.int("length", in: 2...1 << 20)
      let unit = try TokenUnit(from: map, relativeTo: folder)
      reader = .tokens(TokenReader(file: try file("path"), form: .text(unit, length: length)))
    case .jsonl:
      reader = .lines(
        try JSONLinesReader(
          from: map, file: file("path"), relativeTo: folder, isRegression: isRegression))
    case .npy:
      let ids = try map.string(ifPresent: "ids").map { resolved($0, in: folder) }
      reader = .npy(inputs: try file("inputs"), labels: try file("labels"), ids: ids)
    case .npz: reader = .npz(try named())
    case .hdf5: reader = .hdf5(try named())
    case .images:
      if isRegression {
        throw .wrongType(
          map.place("format"), found: "images", expected: "numbers: images are of classes")
      }
      reader = .images(try ImageFolderReader(from: map, folder: file("path")))
    }
    switch reader {
    case .idx, .npy, .npz, .hdf5: layout = try map.choice(ifPresent: "layout", of: ImageLayout.self)
    case .csv, .images, .tokens, .lines: break
    }
    rows = try Self.rows(map)
    try map.finish()
  }

  /// The format; containers that are not read are named with the way to one that is.
  private static func format(_ map: ConfigurationMap) throws(ConfigurationError) -> Format {
    let ways = [
      "parquet": "csv, by `pandas.read_parquet(\"a.parquet\").to_csv(\"a.csv\", index=False)`",
      "feather": "csv, by `pandas.read_feather(\"a.feather\").to_csv(\"a.csv\", index=False)`",
      "arrow": "csv or jsonl, by `datasets.load_from_disk(\"a\").to_json(\"a.jsonl\")`",
      "excel": "csv, saved by the program or by `pandas.read_excel`",
      "xlsx": "csv, saved by the program or by `pandas.read_excel`",
      "pickle": "npy or npz, by `numpy.save`", "pt": "npy, by `numpy.save` of the tensors",
      "bin": "npy, by `numpy.save(\"a.npy\", numpy.fromfile(\"a.bin\", \"uint16\"))`",
    ]
    if let word = try map.string(ifPresent: "format"), let way = ways[word.lowercased()] {
      throw .wrongType(map.place("format"), found: "`\(word)`, which is not read", expected: way)
    }
    return try map.choice("format", of: Format.self)
  }

  /// `rows: [from, to]`, the last not taken, or `limit: n`, the first n.
  private static func rows(_ map: ConfigurationMap) throws(ConfigurationError) -> Range<Int>? {
    switch try map.atMostOne(of: ["rows", "limit"]) {
    case "limit": return 0..<(try map.int("limit", in: 1 ... .max))
    case "rows":
      let ends = try map.ints("rows", in: 0 ... .max)
      guard ends.count == 2 else {
        throw .wrongType(
          map.place("rows"), found: "a list of \(ends.count)",
          expected: "[first row, row after the last]")
      }
      guard ends[0] < ends[1] else {
        throw .outOfRange(
          map.place("rows[1]"), value: "\(ends[1])", allowed: "at least \(ends[0] + 1)")
      }
      return ends[0]..<ends[1]
    default: return nil
    }
  }
}

/// A path of a run file, relative to the file's folder.
func resolved(_ path: String, in folder: String) -> String {
  FilePath(folder).pushing(FilePath(path)).string
}

extension ImageFolderReader {
  /// `size: [height, width]`, `channels: 1` or `3`.
  fileprivate init(from map: ConfigurationMap, folder: String) throws(ConfigurationError) {
    self.init(folder: folder)
    if map.has("size") {
      let sizes = try map.ints("size", in: 1...100_000)
      guard sizes.count == 2 else {
        throw .wrongType(
          map.place("size"), found: "a list of \(sizes.count)", expected: "[height, width]")
      }
      size = (sizes[0], sizes[1])
    }
    if map.has("channels") {
      let wanted = try map.int("channels", in: 1...3)
      guard wanted != 2 else {
        throw .outOfRange(map.place("channels"), value: "2", allowed: "1 or 3")
      }
      channels = wanted
    }
  }
}

extension CSVReader {
  fileprivate init(
    from map: ConfigurationMap, file: String, isRegression: Bool
  ) throws(ConfigurationError) {
    self.init(file: file)
    self.isRegression = isRegression
    hasHeader = try map.bool(ifPresent: "header")
    if let text = try map.string(ifPresent: "delimiter") {
      let byte = text == "tab" ? UInt8(ascii: "\t") : text.utf8.first ?? 0
      guard text == "tab" || text.utf8.count == 1, byte < 128, !"\"\r\n\0".utf8.contains(byte)
      else {
        throw .wrongType(
          map.place("delimiter"), found: "the text `\(text)`",
          expected: "one letter such as \";\", or tab")
      }
      delimiter = byte == UInt8(ascii: " ") ? .blanks : .byte(byte)
    }
    if let point = try map.string(ifPresent: "decimal") {
      guard point == "," || point == "." else {
        throw .notAChoice(map.place("decimal"), value: point, choices: [".", ","])
      }
      decimalPoint = point.utf8.first ?? decimalPoint
    }
    missing = try map.choice("missing", default: .error)
    if let value = map.value("label") { labels = try labelColumns(value, map.place("label")) }
    if let value = map.value("id") { id = try column(value, map.place("id")) }
    for choice in try map.list(ifPresent: "ignore") ?? [] {
      ignored.append(try column(choice, map.place("ignore")))
    }
  }

  private func labelColumns(
    _ value: ConfigurationValue, _ place: ConfigurationPlace
  ) throws(ConfigurationError) -> [ColumnChoice] {
    guard isRegression, case .list(let choices) = value, !choices.isEmpty else {
      return [try column(value, place, knowsPlaces: true)]
    }
    var columns: [ColumnChoice] = []
    for choice in choices { columns.append(try column(choice, place)) }
    return columns
  }

  private func column(
    _ value: ConfigurationValue, _ place: ConfigurationPlace, knowsPlaces: Bool = false
  ) throws(ConfigurationError) -> ColumnChoice {
    switch value {
    case .string("last") where knowsPlaces: return .last
    case .string("first") where knowsPlaces: return .first
    case .string(let name): return .name(name)
    case .int(let number) where number >= 0: return .number(number)
    default:
      throw .wrongType(
        place, found: value.summary,
        expected: knowsPlaces
          ? "last, first, a column's name, or its number from 0"
          : "a column's name, or its number from 0")
    }
  }
}
