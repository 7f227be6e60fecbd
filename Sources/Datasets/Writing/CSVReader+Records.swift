extension CSVReader {
  /// The header, if there is one, and the records of some examples, byte for byte; each ends its line.
  ///
  /// - Parameter rows: ascending, counted over the records that are read: those that `missing` drops
  ///   are none.
  func records(_ rows: [Int]) throws(DatasetError) -> [UInt8] {
    try withTable { table throws(DatasetError) in
      let layout = try layout(of: table)
      var (result, row, next) = ([UInt8](), layout.hasHeader ? -1 : 0, 0)
      repeat {
        let isHeader = row < 0
        if !isHeader, missing == .drop, hasMissing(table, layout) { continue }
        if isHeader || next < rows.count && rows[next] == row {
          result += table.bytes[table.record]
          if result.last != UInt8(ascii: "\n") && result.last != UInt8(ascii: "\r") {
            result.append(UInt8(ascii: "\n"))
          }
          if !isHeader { next += 1 }
        }
        row += 1
      } while try table.next()
      return result
    }
  }
}
