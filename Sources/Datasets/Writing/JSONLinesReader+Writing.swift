extension JSONLinesReader {
  /// The lines of some examples, byte for byte.
  ///
  /// - Parameter rows: ascending, counted over the texts that are read.
  /// - Throws: `DatasetError.inseparable` for a file that is one array.
  func lines(_ rows: [Int]) throws -> [UInt8] {
    let all = try lines()
    let taken = skipsEmpty ? all.filter(\.hasLetter) : all
    let numbers = Set(rows.compactMap { taken[$0].number })
    let bytes = try FileBytes(plain: file).bytes
    if bytes.first(where: { ![32, 9, 10, 13, 0xEF, 0xBB, 0xBF].contains($0) }) == UInt8(ascii: "[")
    {
      throw DatasetError.inseparable(file: file, what: "elements of one JSON array")
    }
    var result: [UInt8] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where numbers.contains(index + 1) {
      result += line + [UInt8(ascii: "\n")]
    }
    return result
  }
}
