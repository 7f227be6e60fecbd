extension CSVTable {
  /// What the beginning of a text says of the whole: where its records begin, and what sets fields
  /// apart unless somebody says so.
  ///
  /// A line `sep=;`, as Excel writes and reads it, is no record and names the delimiter. Else it is
  /// the one of comma, tab, semicolon and bar that cuts the first lines into the same number of
  /// fields, in this order; a semicolon goes before a comma that stands between digits everywhere, a
  /// decimal comma; blanks where there is none of them.
  struct Form {
    /// The first byte of the first record.
    let start: Int
    /// Its line, from 1.
    let firstLine: Int
    let delimiter: Delimiter

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
      var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
      let rest = bytes[start...]
      let mark = Array("sep=".utf8)
      if rest.starts(with: mark), rest.count > mark.count + 1,
        let end = rest.firstIndex(where: isLineEnd), end == start + mark.count + 1
      {
        delimiter = .byte(bytes[start + mark.count])
        let isPair = bytes[end] == 0x0D && end + 1 < bytes.count && bytes[end + 1] == 0x0A
        start = end + (isPair ? 2 : 1)
        (self.start, firstLine) = (start, 2)
        return
      }
      (self.start, firstLine) = (start, 1)
      delimiter = Form.delimiter(of: Form.lines(of: rest))
    }

    /// The first ten lines that are not empty; ends within quotes are none, unless those never close.
    private static func lines(of text: Slice<UnsafeBufferPointer<UInt8>>) -> [[UInt8]] {
      var lines: [[UInt8]] = [[]]
      var isQuoted = false
      for byte in text.prefix(1 << 16) {
        if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
        guard !isQuoted, isLineEnd(byte) else {
          lines[lines.count - 1].append(byte)
          continue
        }
        if lines[lines.count - 1].isEmpty { continue }
        if lines.count == 10 { break }
        lines.append([])
      }
      if isQuoted {
        return text.prefix(1 << 16).split(maxSplits: 40, whereSeparator: isLineEnd).prefix(10)
          .map(Array.init)
      }
      return lines.filter { !$0.isEmpty }
    }

    private static func delimiter(of lines: [[UInt8]]) -> Delimiter {
      func isEven(_ byte: UInt8) -> Bool {
        let counts = Set(lines.map { line in count(line) { $0 == byte } })
        return counts.count == 1 && counts != [0]
      }
      let found = ",\t;|".utf8.filter(isEven)
      if found.contains(UInt8(ascii: ";")), lines.allSatisfy(hasDecimalCommas) {
        return .byte(UInt8(ascii: ";"))
      }
      if let first = found.first { return .byte(first) }
      let hasComma = lines.contains { $0.contains(UInt8(ascii: ",")) }
      let words = Set(lines.map { line in line.split { $0 == 0x20 || $0 == 0x09 }.count })
      return !hasComma && words.count == 1 && words != [1] ? .blanks : .byte(UInt8(ascii: ","))
    }

    /// Bytes outside of quotes that satisfy a condition.
    private static func count(_ line: [UInt8], _ condition: (UInt8) -> Bool) -> Int {
      var isQuoted = false
      var count = 0
      for byte in line {
        if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
        if !isQuoted, condition(byte) { count += 1 }
      }
      return count
    }

    /// Whether every comma of a line stands between digits.
    private static func hasDecimalCommas(_ line: [UInt8]) -> Bool {
      func isDigit(_ place: Int) -> Bool { line.indices.contains(place) && 48...57 ~= line[place] }
      return line.indices.allSatisfy {
        line[$0] != UInt8(ascii: ",") || (isDigit($0 - 1) && isDigit($0 + 1))
      }
    }
  }
}

private func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
