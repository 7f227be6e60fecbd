import Tensors

/// Which column of a table.
enum ColumnChoice: Sendable, Equatable {
  /// The column that is called as labels are, else the last.
  case unsaid
  case first
  case last
  case number(Int)
  case name(String)
}

/// Reads a table of numbers with a label column: one example a line.
struct CSVReader: Sendable {
  /// What is done about cells without a value.
  enum Missing: String, CaseIterable, Sendable {
    /// They are counted and refused.
    case error
    /// The examples that have some are left out.
    case drop
    /// They get the mean of the training examples' values of their column.
    case mean
  }

  var file: String
  /// nil: as the text says, see `CSVTable.Form`.
  var delimiter: CSVTable.Delimiter?
  /// What stands before the decimals of a number.
  var decimalPoint = UInt8(ascii: ".")
  /// nil: see `isHeader`.
  var hasHeader: Bool?
  var missing = Missing.error
  /// Whether a label may be missing, as of test examples that are asked about.
  var allowsUnlabelled = false
  /// One column for classes, any number for regression.
  var labels: [ColumnChoice] = [.unsaid]
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

  /// Reads a table whose inputs are those of another: by name where both have a header.
  ///
  /// - Parameters:
  ///   - own: the other's columns.
  ///   - train: its file.
  /// - Throws: `DatasetError.columnsDiffer` where a column of the other's is not there.
  func read(like own: Layout, of train: String) throws(DatasetError) -> RawExamples {
    var reader = self
    let named = own.labels.map { ColumnChoice.name(own.names[$0]) }
    return try withTable { table throws(DatasetError) in
      // The label that is not said has the training table's name.
      if labels == [.unsaid], own.hasHeader, header(of: table).isHeader,
        (try? reader.columns(named, table.fields.map(table.text), true)) != nil
      {
        reader.labels = named
      }
      let layout = try reader.layout(of: table).matched(to: own, file: file, train: train)
      return try examples(&table, layout)
    }
  }

  /// Calls `body` with the table at its first record.
  func withTable<Value>(
    _ body: (inout CSVTable) throws(DatasetError) -> Value
  ) throws(DatasetError) -> Value {
    let source = try FileBytes(plain: file)
    return try source.bytes.withUnsafeBufferPointer { bytes throws(DatasetError) in
      if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
        throw .unsupported(
          file: file, place: .byte(0), feature: "UTF-16 text", supported: "UTF-8")
      }
      var table = CSVTable(file: file, bytes: bytes, delimiter: delimiter)
      table.decimalPoint = decimalPoint
      guard try table.next() else { throw .noExamples(file: file) }
      return try body(&table)
    }
  }

  /// What each column is for.
  struct Layout: Sendable {
    var hasHeader: Bool
    var names: [String]
    var labels: [Int]
    var id: Int?
    var inputs: [Int]
    /// What was guessed, in words.
    var notes: [String] = []
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
      throw .oneColumn(file: file, delimiter: table.delimiter.description)
    }
    let (header, headerNote) = header(of: table)
    var names: [String] = []
    for (column, field) in table.fields.enumerated() {
      names.append(header ? try table.text(field) : "\(column)")
    }
    var notes = headerNote.map { [$0] } ?? []
    if delimiter == nil, table.delimiter != .byte(UInt8(ascii: ",")) {
      notes.append("fields are set apart by \(table.delimiter.description)")
    }
    let labelColumns = try columns(labels, names, header)
    if labels == [.unsaid] {
      notes.append(
        "no `label` is said: the label is "
          + (labelColumns == [width - 1] ? "the last column, " : "the column ")
          + "`\(names[labelColumns[0]])`")
    }
    let idColumn = try id.map { choice throws(DatasetError) in try column(choice, names, header) }
    let unused = Set(
      try columns(ignored, names, header) + labelColumns + (idColumn.map { [$0] } ?? []))
    let inputs = (0..<width).filter { !unused.contains($0) }
    guard !inputs.isEmpty else { throw .noFeatures(file: file) }
    return Layout(
      hasHeader: header, names: names, labels: labelColumns, id: idColumn, inputs: inputs,
      notes: notes)
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
    case .unsaid:
      let called = names.indices.filter {
        header && CSVReader.labelNames.contains(names[$0].lowercased())
      }
      return called.count == 1 ? called[0] : names.count - 1
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

  /// What columns of labels are called.
  private static let labelNames: Set = ["label", "labels", "target", "targets", "class"]
}

extension CSVReader.Layout {
  /// The columns with the inputs in the order of another table's, by name.
  ///
  /// - Parameters:
  ///   - file: the table's file.
  ///   - train: the other's.
  /// - Throws: `DatasetError.columnsDiffer`.
  func matched(
    to own: CSVReader.Layout, file: String, train: String
  ) throws(DatasetError) -> CSVReader.Layout {
    guard hasHeader, own.hasHeader else {
      var layout = self
      if hasHeader != own.hasHeader {
        layout.notes.append("only one of \(file) and \(train) has a header: columns by place")
      }
      return layout
    }
    let wanted = own.inputs.map { own.names[$0] }
    if inputs.map({ names[$0] }) == wanted { return self }
    let places = Dictionary(
      inputs.map { (names[$0], $0) }, uniquingKeysWith: { first, _ in first })
    let absent = wanted.filter { places[$0] == nil }
    guard absent.isEmpty, places.count == inputs.count, Set(wanted).count == wanted.count else {
      throw .columnsDiffer(file: file, missing: absent, train: train)
    }
    var layout = self
    layout.inputs = wanted.compactMap { places[$0] }
    let more = inputs.filter { !layout.inputs.contains($0) }.map { names[$0] }
    if !more.isEmpty {
      layout.notes.append("passed over, not in \(train): columns \(more.quotedList)")
    }
    if layout.inputs.sorted() != layout.inputs {
      layout.notes.append("columns stand in another order than in \(train): taken by name")
    }
    return layout
  }
}

extension CSVTable.Delimiter: CustomStringConvertible {
  /// `;`, tab or blanks.
  var description: String {
    switch self {
    case .byte(UInt8(ascii: "\t")): "tab"
    case .byte(let byte): "`\(UnicodeScalar(byte))`"
    case .blanks: "blanks"
    }
  }
}

extension [String] {
  /// At most six of them in quotes: `a`, `b`, … (9 in all).
  var quotedList: String {
    prefix(6).map { "`\($0)`" }.joined(separator: ", ")
      + (count > 6 ? ", … (\(count) in all)" : "")
  }
}
