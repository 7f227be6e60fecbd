import Tensors

extension CSVReader {
  /// What a note says of a column such as an index.
  static let countingWords = " counts the rows and is taken as an input"

  /// Reads the current record of the table, or the one after the header, and all that follow.
  func examples(
    _ table: inout CSVTable, _ layout: Layout
  ) throws(DatasetError) -> RawExamples {
    if layout.hasHeader, try !table.next() { throw .noExamples(file: file) }
    var columns = Columns(layout)
    columns.inputs.reserveCapacity(table.bytes.count / 2)
    var row = 0
    repeat {
      let found = table.fields.count
      guard found == layout.names.count else {
        throw .fieldCount(
          file: file, line: table.line, expected: layout.names.count, found: found)
      }
      defer { row += 1 }
      if missing == .drop, hasMissing(table, layout) {
        columns.dropped += 1
        continue
      }
      for (place, column) in layout.inputs.enumerated() {
        let number = try input(in: column, of: &table, layout)
        columns.add(number, at: place)
      }
      try readLabels(&columns, table, layout)
      if let id = layout.id {
        columns.ids.append(ExampleID(try table.text(table.fields[id])))
      } else if columns.dropped > 0 || !columns.ids.isEmpty {
        // What is left keeps the number of its row.
        if columns.ids.isEmpty { columns.ids = columns.rows.map { .row($0) } }
        columns.ids.append(.row(row))
      }
      columns.rows.append(row)
      columns.lines.append(table.line)
    } while try table.next()
    return try examples(columns, layout)
  }

  private func examples(_ columns: Columns, _ layout: Layout) throws(DatasetError) -> RawExamples {
    let n = columns.lines.count
    guard n > 0 else { throw .noExamples(file: file) }
    let lines = columns.lines
    let labelName = layout.labels.first.map { layout.names[$0] } ?? ""
    let places: @Sendable (Int) -> DataPlace = { .field(line: lines[$0], column: labelName) }
    var examples = RawExamples(
      file: file, labelFile: file, ids: columns.ids.isEmpty ? nil : columns.ids,
      inputs: Tensor(columns.inputs.map { Float($0) }, shape: [n, layout.inputs.count]),
      labels: layout.labels.isEmpty
        ? .unlabelled
        : isRegression
          ? .numbers(columns.numbers, outputs: layout.labels.count, places: places)
          : .words(columns.words, places: places))
    // Means of columns with holes are those of the numbers in the file.
    if columns.needsDoubles || columns.hasHoles { examples.exactInputs = columns.inputs }
    examples.hasHoles = columns.hasHoles
    examples.columns = layout
    examples.reading = columns.reading(layout)
    return examples
  }

  /// Whether an input or a label of the current record has no value.
  func hasMissing(_ table: CSVTable, _ layout: Layout) -> Bool {
    // An example without a label may be asked about.
    (layout.inputs + (allowsUnlabelled ? [] : layout.labels)).contains {
      table.isMissing(table.fields[$0])
    }
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
      guard !word.isEmpty || allowsUnlabelled else {
        let place = DataPlace.field(line: table.line, column: layout.names[label])
        throw .notAClass(file: file, place: place, value: "")
      }
      columns.words.append(word)
    }
  }

  /// The number of an input; NaN where it is missing and gets a mean.
  private func input(
    in column: Int, of table: inout CSVTable, _ layout: Layout
  ) throws(DatasetError) -> Double {
    let field = table.fields[column]
    if let number = table.number(field), Float(number).isFinite { return number }
    if let truth = table.truth(field) { return truth ? 1 : 0 }
    guard table.isMissing(field) else { return try number(in: column, of: table, layout) }
    if missing == .mean { return .nan }
    throw try missingCells(column, of: table, layout)
  }

  /// What is missing from the current record on.
  private func missingCells(
    _ column: Int, of table: CSVTable, _ layout: Layout
  ) throws(DatasetError) -> DatasetError {
    let place = DataPlace.field(line: table.line, column: layout.names[column])
    let text = try table.text(table.fields[column])
    var ahead = table
    var (cells, examples) = (0, 0)
    repeat {
      guard ahead.fields.count == layout.names.count else { break }
      let missing = layout.inputs.count { ahead.isMissing(ahead.fields[$0]) }
      cells += missing
      if missing > 0 { examples += 1 }
    } while (try? ahead.next()) == true
    return .missingCells(file: file, place: place, text: text, cells: cells, examples: examples)
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

/// What is read of a table, and what is noticed on the way.
private struct Columns {
  /// n × inputs.
  var inputs: [Double] = []
  var words: [String] = []
  var numbers: [Double] = []
  var ids: [ExampleID] = []
  var lines: [Int] = []
  /// The rows of the file that were taken.
  var rows: [Int] = []
  /// Examples left out, for something they lack.
  var dropped = 0
  private var facts: [Facts]

  /// What the values of a column have in common.
  private struct Facts {
    var (least, most) = (Double.infinity, -Double.infinity)
    var missing = 0
    var isCounting = true
    var last: Double?
  }

  init(_ layout: CSVReader.Layout) {
    facts = Array(repeating: Facts(), count: layout.inputs.count)
  }

  mutating func add(_ number: Double, at place: Int) {
    inputs.append(number)
    guard !number.isNaN else {
      facts[place].missing += 1
      facts[place].isCounting = false
      return
    }
    if number < facts[place].least { facts[place].least = number }
    if number > facts[place].most { facts[place].most = number }
    if facts[place].isCounting {
      if let last = facts[place].last {
        facts[place].isCounting = number == last + 1
      } else {
        facts[place].isCounting = number == 0 || number == 1
      }
      facts[place].last = number
    }
  }

  /// Columns whose values Float32 would run together: far from 0 for how much they differ.
  private func coarse() -> [Int] {
    facts.indices.filter { place in
      let (least, most) = (facts[place].least, facts[place].most)
      return most > least && max(abs(least), abs(most)) > 4096 * (most - least)
    }
  }

  /// Whether some inputs have no value.
  var hasHoles: Bool { facts.contains { $0.missing > 0 } }

  /// Whether the inputs are to be kept in fp64 until they are standardised.
  var needsDoubles: Bool { !coarse().isEmpty }

  func reading(_ layout: CSVReader.Layout) -> SourceReading {
    let names = layout.inputs.map { layout.names[$0] }
    var reading = SourceReading()
    reading.inputs =
      "\(names.count) \(names.count == 1 ? "column" : "columns")"
      + (layout.hasHeader ? ": \(names.quotedList)" : ", without a header")
    reading.labels =
      (layout.labels.count == 1 ? "column " : "columns ")
      + layout.labels.map { layout.names[$0] }.quotedList
    reading.notes = layout.notes
    if let id = layout.id { reading.notes.append("ids are those of column `\(layout.names[id])`") }
    if lines.count >= 3 {
      for place in facts.indices where facts[place].isCounting {
        let name = names[place]
        reading.notes.append(
          "column \(layout.inputs[place])"
            + (layout.hasHeader && !name.isEmpty ? " (`\(name)`)" : "")
            + CSVReader.countingWords + "; for an index set "
            + "`ignore: [\(layout.inputs[place])]` or `id: \(layout.inputs[place])`")
      }
    }
    for place in coarse() {
      reading.coarse.append(names[place])
    }
    let cells = facts.reduce(0) { $0 + $1.missing }
    if cells > 0 {
      let holed = facts.indices.filter { facts[$0].missing > 0 }.map { names[$0] }
      reading.notes.append(
        "\(cells) missing \(cells == 1 ? "cell gets its" : "cells get their") column's mean over "
          + "the training examples: \(holed.quotedList)")
    }
    if dropped > 0 {
      reading.notes.append(
        "\(dropped) \(dropped == 1 ? "example is" : "examples are") left out for a missing value")
    }
    return reading
  }
}
