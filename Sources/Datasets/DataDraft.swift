import Configuration
import Foundation
import JSON
import Storage
import SystemPackage

/// The `data` of a run file for a file or folder, found from its name and its contents, and read.
public struct DataDraft: Sendable {
  /// What is to be predicted.
  public enum Kind: Sendable, Equatable {
    /// Numbers or classes of inputs without a shape.
    case table, numbers
    /// Classes of images.
    case images
    /// Classes of texts, and next tokens of texts.
    case labelledTexts, texts
  }

  /// Lines of YAML below `data:`, each with two blanks before it.
  public let lines: [String]
  /// What was found.
  public let kind: Kind
  /// The data as these lines read them.
  public let data: SplitData

  /// What a source is, before it is tried.
  private struct Source {
    var format: String
    /// Members beside `format`, in their order, as they are written.
    var members: [(key: String, value: String)] = []
    var kind = Kind.table
    /// Arrays of images, by their bytes or by their shape.
    var test: [(key: String, value: String)]?
    /// Of a table whether its first line names the columns.
    var hasHeader = true

    /// Whether texts are put together from parts, the last of which are predicted.
    var hasParts: Bool { members.contains { ["prompt", "messages"].contains($0.key) } }
    /// The length that is begun with: texts of parts need room for what is predicted.
    var longest: Int { hasParts ? 1024 : 64 }

    func text(_ members: [(key: String, value: String)]) -> String {
      "{format: \(format)" + members.map { ", \($0.key): \($0.value)" }.joined() + "}"
    }
  }

  /// What is tried of a source, until it can be read.
  private struct Choice {
    var task = "classification"
    var standardises = false
    var more: [(key: String, value: String)] = []
    var ignored: [String] = []
    var notes: [String] = []
  }

  /// Finds out how a file or a folder is read, and reads it.
  ///
  /// - Parameters:
  ///   - path: a table, a folder of images, a text, JSON lines, IDX, npz or HDF5.
  ///   - label: the column, field or array of the labels; nil: found.
  ///   - folder: the folder that paths in the lines are relative to.
  /// - Throws: `DatasetError.unsupported` for what is of no known kind; errors of reading.
  public init(path: String, label: String?, relativeTo folder: String) throws {
    let found = try Self.source(path, label, folder)
    var choice = Choice()
    choice.standardises = found.kind == .table || found.kind == .numbers
    if found.kind == .texts || found.kind == .labelledTexts {
      choice.more = [("length", "\(found.longest)")]
    }
    var attempts = 0
    var settled: SplitData?
    while settled == nil {
      do {
        let read = try Self.load(Self.lines(found, choice), folder)
        if !Self.settle(&choice, found, read) { settled = read }
      } catch let error as DatasetError {
        attempts += 1
        guard attempts < 200, Self.adapt(&choice, found, to: error) else { throw error }
      }
    }
    data = try settled ?? Self.load(Self.lines(found, choice), folder)
    kind = found.kind == .numbers && data.train.featureShape.count > 1 ? .images : found.kind
    lines = Self.lines(found, choice) + choice.notes.map { "  # \($0)" }
  }

  private static func load(_ lines: [String], _ folder: String) throws -> SplitData {
    let yaml = lines.map { $0.dropFirst(2) }.joined(separator: "\n")
    let map = try ConfigurationMap(yaml: yaml, file: "run file")
    return try DataConfiguration(from: map, relativeTo: folder).load(describing: true)
  }

  private static func lines(_ source: Source, _ choice: Choice) -> [String] {
    var lines: [String] = []
    var more = choice.more
    if !choice.ignored.isEmpty {
      more.append(("ignore", "[\(choice.ignored.joined(separator: ", "))]"))
    }
    if let test = source.test {
      lines.append("  train: " + source.text(source.members + more))
      lines.append("  test:  " + source.text(test + more))
    } else {
      lines.append("  source: " + source.text(source.members + more))
      lines.append("  split: {test: 0.2, seed: 0}   # no test file was found: a fifth is set aside")
    }
    if choice.standardises {
      lines.append("  standardise: true   # mean 0 and deviation 1, by the training examples")
    }
    if choice.task == "regression" { lines.append("  task: regression") }
    return lines
  }

  /// Changes what the data that were read ask for; whether they are to be read again.
  private static func settle(_ choice: inout Choice, _ source: Source, _ read: SplitData) -> Bool {
    let train = read.train
    if let counts = read.description?.sources.map(\.texts), let first = counts.first,
      let greatest = first?.greatest,
      let place = choice.more.firstIndex(where: { $0.key == "length" }),
      source.format == "jsonl"
    {
      let longest = max(greatest, counts.compactMap { $0?.greatest }.max() ?? 0)
      let length = "\(min(source.hasParts ? source.longest : 256, max(8, longest)))"
      if choice.more[place].value != length {
        choice.more[place].value = length
        if "\(longest)" != length, longest > 8 {
          choice.notes.append("the longest text has \(longest) tokens")
        }
        return true
      }
    }
    if source.format == "csv" {
      let counting = (read.description?.sources.first?.notes ?? []).compactMap { note in
        note.contains(CSVReader.countingWords)
          ? note.split(separator: " ").dropFirst().first.map(String.init) : nil
      }
      if let column = counting.first {
        choice.ignored.append(column)
        choice.notes.append("column \(column) counts the rows, as an index does: left out")
        return true
      }
    }
    let classes = train.classNames
    guard choice.task == "classification", source.kind == .table, classes.count > 20,
      train.count < 5 * classes.count, classes.allSatisfy({ Double($0) != nil })
    else { return false }
    choice.task = "regression"
    choice.notes.append("\(classes.count) numbers as labels: taken as numbers, not as classes")
    return true
  }

  /// Changes what an error asks for; whether it can.
  private static func adapt(
    _ choice: inout Choice, _ source: Source, to error: DatasetError
  ) -> Bool {
    func has(_ key: String) -> Bool { choice.more.contains { $0.key == key } }
    switch error {
    case .notAClass(_, _, let value) where source.kind == .table && Double(value) != nil:
      choice.task = "regression"
      choice.notes.append("the label \(value) is no whole number: taken as numbers, not as classes")
    case .otherImageSize(_, _, let expected, _) where !has("size"):
      choice.more.append(("size", "[\(expected[0]), \(expected[1])]"))
      choice.notes.append("pictures have several sizes: all are brought to that of the first")
    case .missingCells where !has("missing"):
      choice.more.append(("missing", "mean"))
      choice.notes.append("missing inputs get the mean of their column")
    case .notANumber(_, .field(_, let column), let text) where !column.isEmpty && !text.isEmpty:
      let name = source.hasHeader ? quoted(column) : column
      guard source.kind == .table, !choice.ignored.contains(name) else { return false }
      choice.ignored.append(name)
      choice.notes.append("column \(column) has words such as `\(text)`: left out")
    case .shortText, .noTarget:
      guard !has("skipEmpty") else { return false }
      choice.more.append(("skipEmpty", "true"))
    case .unknownToken where !has("tokens"): choice.more.append(("tokens", "bytes"))
    default: return false
    }
    return true
  }

  // MARK: Which format

  private static func source(_ path: String, _ label: String?, _ folder: String) throws -> Source {
    func written(_ file: String) -> String {
      quoted(FilePath(file).relative(to: FilePath(folder)).string)
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DatasetError.missingFile(path)
    }
    if isFolder.boolValue { return try folderSource(path, written) }
    var name = FilePath(path).lastComponent?.string.lowercased() ?? ""
    if name.hasSuffix(".gz") { name = String(name.dropLast(3)) }
    let other = testFile(path)
    func both(_ format: String, _ kind: Kind, _ more: [(String, String)]) -> Source {
      let more = more.map { (key: $0.0, value: $0.1) }
      return Source(
        format: format, members: [("path", written(path))] + more, kind: kind,
        test: other.map { [("path", written($0))] + more })
    }
    func ends(_ suffixes: String...) -> Bool { suffixes.contains { name.hasSuffix($0) } }
    if ends(".csv", ".tsv", ".tab", ".data") {
      let (column, hasHeader) = labelColumn(path, label)
      var source = both("csv", .table, [("label", column)])
      source.hasHeader = hasHeader
      return source
    }
    if ends(".jsonl", ".ndjson", ".json") {
      let fields = try textFields(path, label)
      return both("jsonl", fields.contains { $0.0 == "label" } ? .labelledTexts : .texts, fields)
    }
    if ends(".txt", ".md", ".text") { return both("text", .texts, []) }
    if ends(".npz") {
      return try arrays(path, "npz", try NPZReader(file: path).names, label, written)
    }
    if ends(".h5", ".hdf5") {
      return try arrays(path, "hdf5", try HDF5Reader(file: path).names, label, written)
    }
    if name.contains("images") && name.contains("idx3") { return try idx(path, written) }
    let ways = DataDraft.foreign.first { name.hasSuffix($0.key) }
    throw DatasetError.unsupported(
      file: path, place: .file,
      feature: ways.map { "\($0.key.dropFirst()), which has no reader here," }
        ?? "a file of this name",
      supported: ways?.value
        ?? "a table (.csv, .tsv), texts (.txt, .jsonl), .npz, .h5, IDX, or a folder of pictures by class"
    )
  }

  /// The label's column as a run file names it: the one that is asked for, else what is found; and
  /// whether columns have names.
  private static func labelColumn(
    _ path: String, _ label: String?
  ) -> (column: String, hasHeader: Bool) {
    let reader = CSVReader(file: path)
    let layout = try? reader.withTable { table throws(DatasetError) in
      try reader.layout(of: table)
    }
    let hasHeader = layout?.hasHeader ?? true
    if let label { return (Int(label) == nil ? quoted(label) : label, hasHeader) }
    guard let layout, hasHeader, let column = layout.labels.first else {
      return ("last", hasHeader)
    }
    let name = layout.names[column]
    let isAlone = layout.names.count(where: { $0 == name }) == 1
    return (isAlone ? quoted(name) : "\(column)", hasHeader)
  }

  private static let foreign = [
    ".parquet": "csv, by `pandas.read_parquet(\"a.parquet\").to_csv(\"a.csv\", index=False)`",
    ".feather": "csv, by `pandas.read_feather(\"a.feather\").to_csv(\"a.csv\", index=False)`",
    ".xlsx": "csv, saved by the program or by `pandas.read_excel`",
    ".pkl": "npz, by `numpy.savez`", ".pickle": "npz, by `numpy.savez`",
    ".pt": "npz, by `numpy.savez` of the tensors",
    ".npy": "an .npz with inputs and labels, or name both files in a run file of `format: npy`",
  ]

  /// A text as YAML takes it.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || "/._-0123456789".unicodeScalars.contains($0)
    }
    let isWord = text.unicodeScalars.first.map { $0.properties.isAlphabetic } ?? false
    let isSpecial = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
      .contains(text.lowercased())
    if isPlain && (isWord || text.hasPrefix("../") || text.hasPrefix("/")) && !isSpecial {
      return text
    }
    let escaped = text.replacingOccurrences(of: "\\", with: "\\\\")
      .replacingOccurrences(of: "\"", with: "\\\"")
    return "\"\(escaped)\""
  }

  /// The file beside a training file that has `test` in the place of its `train`.
  private static func testFile(_ path: String) -> String? {
    let file = FilePath(path)
    guard let name = file.lastComponent?.string, let place = name.range(of: "train") else {
      return nil
    }
    return ["test", "t10k", "valid", "validation", "val", "dev"].lazy
      .map {
        file.removingLastComponent().appending(name.replacingCharacters(in: place, with: $0)).string
      }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  private static func folderSource(
    _ path: String, _ written: (String) -> String
  ) throws -> Source {
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    func isFolder(_ name: String) -> Bool {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
        && isFolder.boolValue
    }
    if let images = names.sorted().first(where: {
      $0.contains("train") && $0.contains("images") && $0.contains("idx3")
    }) {
      return try idx(path + "/" + images, written)
    }
    guard isFolder("train") else {
      return Source(format: "images", members: [("path", written(path))], kind: .images)
    }
    let test = ["test", "valid", "val"].first(where: isFolder)
    return Source(
      format: "images", members: [("path", written(path + "/train"))], kind: .images,
      test: test.map { [("path", written(path + "/" + $0))] })
  }

  private static func idx(_ images: String, _ written: (String) -> String) throws -> Source {
    func members(_ images: String) throws -> [(key: String, value: String)] {
      let file = FilePath(images)
      let name = file.lastComponent?.string ?? ""
      let other = name.replacingOccurrences(of: "images", with: "labels")
        .replacingOccurrences(of: "idx3", with: "idx1")
      let labels = file.removingLastComponent().appending(other).string
      guard FileManager.default.fileExists(atPath: labels) else {
        throw DatasetError.missingFile(labels)
      }
      return [("images", written(images)), ("labels", written(labels))]
    }
    return Source(
      format: "idx", members: try members(images), kind: .images,
      test: try testFile(images).map(members))
  }

  private static func arrays(
    _ path: String, _ format: String, _ names: [String], _ label: String?,
    _ written: (String) -> String
  ) throws -> Source {
    func members(_ inputs: String, _ labels: String) -> [(key: String, value: String)] {
      [("path", written(path)), ("inputs", quoted(inputs)), ("labels", quoted(labels))]
    }
    func first(_ wanted: [String]) -> String? {
      wanted.lazy.compactMap { name in names.first { $0.lowercased() == name } }.first
    }
    let stems = ["", "train/"]
    let inputs = stems.flatMap { stem in
      ["inputs", "x", "x_train", "train_x", "train_images", "images", "data", "features"]
        .map { stem + $0 }
    }
    let labels = stems.flatMap { stem in
      ["labels", "y", "y_train", "train_y", "train_labels", "label", "targets", "target"]
        .map { stem + $0 }
    }
    guard let x = first(inputs), let y = label ?? first(labels) else {
      throw DatasetError.unknownArray(
        file: path, name: first(inputs) == nil ? "inputs" : "labels", arrays: names.sorted())
    }
    var source = Source(format: format, members: members(x, y), kind: .numbers)
    let (testX, testY) = (
      x.replacingOccurrences(of: "train", with: "test"),
      y.replacingOccurrences(of: "train", with: "test")
    )
    if testX != x, testY != y, names.contains(testX), names.contains(testY) {
      source.test = members(testX, testY)
    }
    return source
  }

  /// The fields of the first line that make a text, and its label.
  private static func textFields(_ path: String, _ label: String?) throws -> [(String, String)] {
    var first: [(name: String, isText: Bool)] = []
    let reader = JSONLinesReader(file: path, length: 2)
    struct Enough: Error {}
    do {
      try reader.forEachLine { node, _ in
        first = try node.members().map { member in
          if case .text = member.node.value { return (member.name, true) }
          return (member.name, false)
        }
        throw Enough()
      }
    } catch is Enough {}
    let names = first.map(\.name)
    if names.contains("messages") { return [("messages", "messages")] }
    if names.contains("prompt"), names.contains("completion") {
      return [("prompt", "prompt"), ("completion", "completion")]
    }
    let labels = ["label", "labels", "class", "target", "category"]
    let known = ["text", "content", "sentence", "body", "document"]
    let texts = first.filter { $0.isText && !labels.contains($0.name) && $0.name != label }
    guard let text = known.first(where: names.contains) ?? texts.first?.name else {
      throw DatasetError.unsupported(
        file: path, place: .line(1), feature: "a line without a field of text",
        supported: "objects with a field `text`")
    }
    var fields = text == "text" ? [] : [("text", quoted(text))]
    if let label = label ?? labels.first(where: names.contains) {
      fields.append(("label", quoted(label)))
    }
    return fields
  }
}
