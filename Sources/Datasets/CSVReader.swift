import Tensors

/// Which column of a table.
enum ColumnChoice: Sendable, Equatable {
  case first
  case last
  case number(Int)
  case name(String)
}

/// Reads a table of numbers with a label column: one example a line.
struct CSVReader: Sendable {
  var file: String
  var delimiter = UInt8(ascii: ",")
  /// nil: the first line is a header when none of its fields is a number.
  var hasHeader: Bool?
  /// One column for classes, any number for regression.
  var labels: [ColumnChoice] = [.last]
  var id: ColumnChoice?
  var ignored: [ColumnChoice] = []
  /// Whether labels are numbers to predict.
  var isRegression = false

  func read() throws(DatasetError) -> RawExamples {
    try withTable { table throws(DatasetError) in
      let layout = try layout(of: table)
      return try examples(&table, layout)
    }
  }

  /// Calls `body` with the table at its first record.
  func withTable<Value>(
    _ body: (inout CSVTable) throws(DatasetError) -> Value
  ) throws(DatasetError) -> Value {
    let source = try FileBytes(file)
    return try source.bytes.withUnsafeBufferPointer { bytes throws(DatasetError) in
      if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
        throw .unsupported(
          file: file, place: .byte(0), feature: "UTF-16 text", supported: "UTF-8")
      }
      var table = CSVTable(file: file, bytes: bytes, delimiter: delimiter)
      guard try table.next() else { throw .noExamples(file: file) }
      return try body(&table)
    }
  }

  /// What each column is for.
  struct Layout {
    var hasHeader: Bool
    var names: [String]
    var labels: [Int]
    var id: Int?
    var inputs: [Int]
  }

  /// Whether the table's current record, its first, names the columns.
  func isHeader(_ table: CSVTable) -> Bool {
    hasHeader ?? table.fields.allSatisfy { table.number($0) == nil }
  }

  /// The column of a name; nil where there is none.
  func place(of name: String, in names: [String]) throws(DatasetError) -> Int? {
    let found = names.indices.filter { names[$0] == name }
    if found.count > 1 { throw .ambiguousColumn(file: file, name: name) }
    return found.first
  }

  func layout(of table: CSVTable) throws(DatasetError) -> Layout {
    let width = table.fields.count
    guard width > 1 else {
      let shown = delimiter == UInt8(ascii: "\t") ? "tab" : String(UnicodeScalar(delimiter))
      throw .oneColumn(file: file, delimiter: shown)
    }
    let header = isHeader(table)
    var names: [String] = []
    for (column, field) in table.fields.enumerated() {
      names.append(header ? try table.text(field) : "\(column)")
    }
    let labelColumns = try columns(labels, names, header)
    let idColumn = try id.map { choice throws(DatasetError) in try column(choice, names, header) }
    let unused = Set(
      try columns(ignored, names, header) + labelColumns + (idColumn.map { [$0] } ?? []))
    let inputs = (0..<width).filter { !unused.contains($0) }
    guard !inputs.isEmpty else { throw .noFeatures(file: file) }
    return Layout(
      hasHeader: header, names: names, labels: labelColumns, id: idColumn, inputs: inputs)
  }

  private func columns(
    _ choices: [ColumnChoice], _ names: [String], _ header: Bool
  ) throws(DatasetError) -> [Int] {
    var result: [Int] = []
    for choice in choices { result.append(try column(choice, names, header)) }
    return result
  }

  private func column(
    _ choice: ColumnChoice, _ names: [String], _ header: Bool
  ) throws(DatasetError) -> Int {
    switch choice {
    case .first: return 0
    case .last: return names.count - 1
    case .number(let number):
      guard names.indices.contains(number) else {
        throw .unknownColumn(file: file, wanted: "\(number)", columns: names)
      }
      return number
    case .name(let name):
      guard let column = try place(of: name, in: header ? names : []) else {
        throw .unknownColumn(file: file, wanted: name, columns: names)
      }
      return column
    }
  }

  /// Reads the current record of the table, or the one after the header, and all that follow.
  func examples(
    _ table: inout CSVTable, _ layout: Layout
  ) throws(DatasetError) -> RawExamples {
    if layout.hasHeader, try !table.next() { throw .noExamples(file: file) }
    var columns = Columns()
    columns.inputs.reserveCapacity(table.bytes.count / 2)
    repeat {
      let found = table.fields.count
      guard found == layout.names.count else {
        throw .fieldCount(
          file: file, line: table.line, expected: layout.names.count, found: found)
      }
      for column in layout.inputs {
        columns.inputs.append(Float(try number(in: column, of: table, layout)))
      }
      try readLabels(&columns, table, layout)
      if let id = layout.id { columns.ids.append(ExampleID(try table.text(table.fields[id]))) }
      columns.lines.append(table.line)
    } while try table.next()
    let shape = [columns.lines.count, layout.inputs.count]
    let lines = columns.lines
    let labelName = layout.labels.first.map { layout.names[$0] } ?? ""
    let places: @Sendable (Int) -> DataPlace = { .field(line: lines[$0], column: labelName) }
    return RawExamples(
      file: file, labelFile: file, ids: layout.id == nil ? nil : columns.ids,
      inputs: Tensor(columns.inputs, shape: shape),
      labels: layout.labels.isEmpty
        ? .unlabelled
        : isRegression
          ? .numbers(columns.numbers, outputs: layout.labels.count, places: places)
          : .words(columns.words, places: places))
  }

  private struct Columns {
    var inputs: [Float] = []
    var words: [String] = []
    var numbers: [Double] = []
    var ids: [ExampleID] = []
    var lines: [Int] = []
  }

  private func readLabels(
    _ columns: inout Columns, _ table: CSVTable, _ layout: Layout
  ) throws(DatasetError) {
    for label in layout.labels {
      if isRegression {
        columns.numbers.append(try number(in: label, of: table, layout))
        continue
      }
      let word = try table.text(table.fields[label])
      guard !word.isEmpty else {
        let place = DataPlace.field(line: table.line, column: layout.names[label])
        throw .notAClass(file: file, place: place, value: "")
      }
      columns.words.append(word)
    }
  }

  /// A number that Float32 can hold.
  private func number(
    in column: Int, of table: CSVTable, _ layout: Layout
  ) throws(DatasetError) -> Double {
    let field = table.fields[column]
    let place = DataPlace.field(line: table.line, column: layout.names[column])
    guard let number = table.number(field) else {
      let text = try table.text(field)
      throw .notANumber(file: file, place: place, text: String(text.prefix(40)))
    }
    guard Float(number).isFinite else {
      throw .notFinite(file: file, place: place, value: try table.text(field))
    }
    return number
  }
}
