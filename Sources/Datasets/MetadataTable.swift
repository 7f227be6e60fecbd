/// What is known of examples beside their inputs and labels: a table with a header, a line an id.
///
/// Kept apart from the data: it is no part of a run's identity, and any format of data can have one.
public struct MetadataTable: Sendable {
  /// The file.
  public let file: String
  /// The names of the columns, that of the ids included.
  public let columns: [String]
  private let ids: [ExampleID]
  /// A list of values for each column.
  private let values: [[String]]

  /// Reads a comma-separated table; the column `id`, or else the first, has the ids.
  ///
  /// - Throws: `DatasetError` for a file that is no such table.
  public init(reading file: String) throws(DatasetError) {
    let source = try FileBytes(file)
    let (columns, records) = try source.bytes.withUnsafeBufferPointer {
      bytes throws(DatasetError) in
      var table = CSVTable(file: file, bytes: bytes, delimiter: .byte(UInt8(ascii: ",")))
      guard try table.next() else { throw .noExamples(file: file) }
      guard table.fields.count > 1 else { throw .oneColumn(file: file, delimiter: "`,`") }
      let names = try MetadataTable.texts(of: table)
      var records: [[String]] = []
      while try table.next() {
        guard table.fields.count == names.count else {
          throw .fieldCount(
            file: file, line: table.line, expected: names.count, found: table.fields.count)
        }
        records.append(try MetadataTable.texts(of: table))
      }
      return (names, records)
    }
    if records.isEmpty { throw .noExamples(file: file) }
    for name in columns where columns.count(where: { $0 == name }) > 1 {
      throw .ambiguousColumn(file: file, name: name)
    }
    let idColumn = columns.firstIndex(of: "id") ?? 0
    (self.file, self.columns) = (file, columns)
    ids = records.map { ExampleID($0[idColumn]) }
    values = columns.indices.map { column in records.map { $0[column] } }
  }

  /// The different values of a column, sorted.
  ///
  /// - Throws: `DatasetError.unknownColumn`.
  public func values(of column: String) throws(DatasetError) -> [String] {
    Set(values[try index(of: column)]).sorted()
  }

  /// The rows of `data` whose example has a value in a column; ids of other data are passed over.
  ///
  /// - Throws: `DatasetError.unknownColumn`.
  public func rows(
    of data: Dataset, where column: String, equals value: String
  ) throws(DatasetError) -> [Int] {
    let index = try index(of: column)
    let wanted = Set(ids.indices.filter { values[index][$0] == value }.map { ids[$0] })
    return data.ids.indices.filter { wanted.contains(data.ids[$0]) }
  }

  /// What a column has for some ids, in their order; nil of those that the table does not have.
  ///
  /// - Throws: `DatasetError.unknownColumn`.
  public func values(
    of column: String, for wanted: [ExampleID]
  ) throws(DatasetError) -> [String?] {
    let own = values[try index(of: column)]
    let places = Dictionary(zip(ids, own), uniquingKeysWith: { first, _ in first })
    return wanted.map { places[$0] }
  }

  private func index(of column: String) throws(DatasetError) -> Int {
    guard let index = columns.firstIndex(of: column) else {
      throw .unknownColumn(file: file, wanted: column, columns: columns)
    }
    return index
  }

  private static func texts(of table: CSVTable) throws(DatasetError) -> [String] {
    var texts: [String] = []
    for field in table.fields { texts.append(try table.text(field)) }
    return texts
  }
}
