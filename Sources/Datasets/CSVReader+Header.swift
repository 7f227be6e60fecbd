extension CSVReader {
  /// Whether the table's current record, its first, names the columns; and what was guessed.
  ///
  /// Unless `header` says so, it does when none of its fields is a value; when a word stands above
  /// the numbers of the label's column, or of half of all; and when its numbers count the columns,
  /// as pandas writes columns without names.
  func header(of table: CSVTable) -> (isHeader: Bool, note: String?) {
    if let hasHeader { return (hasHeader, nil) }
    let first = table.fields
    let isWord = first.map { table.number($0) == nil && table.truth($0) == nil }
    if isWord.allSatisfy({ $0 }) { return (true, nil) }
    let aboveNumbers = first.indices.filter { isWord[$0] && standsAboveNumbers($0, in: table) }
    let guess = "the first line is taken for a header, though it has numbers"
    if aboveNumbers.contains(labelColumn(width: first.count))
      || aboveNumbers.count * 2 >= first.count
    {
      return (true, guess)
    }
    let numbers = first.indices.filter { !isWord[$0] }
    let counts = numbers.enumerated().allSatisfy { table.number(first[$1]) == Double($0) }
    var ahead = table
    if counts, numbers.count >= 3, numbers.count < first.count, (try? ahead.next()) == true {
      return (true, guess)
    }
    return (false, nil)
  }

  /// Whether a column has numbers alone in the records after the current one.
  private func standsAboveNumbers(_ column: Int, in table: CSVTable) -> Bool {
    var ahead = table
    var found = 0
    for _ in 0..<20 {
      guard (try? ahead.next()) == true, ahead.fields.count == table.fields.count else { break }
      let field = ahead.fields[column]
      if ahead.isMissing(field) { continue }
      guard ahead.number(field) != nil else { return false }
      found += 1
    }
    return found > 0 && !table.isMissing(table.fields[column])
  }

  /// The label's column where no names are known yet.
  private func labelColumn(width: Int) -> Int {
    switch labels.first {
    case .first?: 0
    case .number(let number)?: number
    default: width - 1
    }
  }
}
