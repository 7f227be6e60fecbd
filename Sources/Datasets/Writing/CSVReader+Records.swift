extension CSVReader {
  /// The header, if there is one, and some records, byte for byte; each ends its line.
  ///
  /// - Parameter rows: ascending, from 0.
  func records(_ rows: [Int]) throws(DatasetError) -> [UInt8] {
    try withTable { table throws(DatasetError) in
      var (result, row, next) = ([UInt8](), 0, 0)
      func append(_ table: CSVTable) {
        result += table.bytes[table.record]
        if result.last != UInt8(ascii: "\n") && result.last != UInt8(ascii: "\r") {
          result.append(UInt8(ascii: "\n"))
        }
      }
      var isHeader = try layout(of: table).hasHeader
      repeat {
        if isHeader {
          append(table)
          isHeader = false
          continue
        }
        if next < rows.count, rows[next] == row {
          append(table)
          next += 1
        }
        row += 1
      } while try table.next()
      return result
    }
  }
}

/// A text of one example a line, empty lines left out.
struct LineText {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Some of the lines that are not empty, ascending from 0.
  func lines(_ rows: [Int]) -> [UInt8] {
    var (result, row, next) = ([UInt8](), 0, 0)
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard line.contains(where: { $0 != 32 && $0 != 9 && $0 != 13 }) else { continue }
      if next < rows.count, rows[next] == row {
        result += line + [UInt8(ascii: "\n")]
        next += 1
      }
      row += 1
    }
    return result
  }
}
