extension CSVReader {
  /// Reads a table from outside with the columns of the run's own file, with or without labels.
  ///
  /// Where both have a header, columns are found by name; else they stand in the order of the run's
  /// file: all of them, all but the labels, or the inputs alone.
  func read(input: String) throws(DatasetError) -> RawInput {
    let own = try withTable { table throws(DatasetError) in try layout(of: table) }
    var reader = self
    reader.file = input
    // The means of the training examples are not kept.
    reader.missing = .error
    return try reader.withTable { table throws(DatasetError) in
      var remarks: [String] = []
      let layout = try reader.layout(of: table, like: own, &remarks)
      return RawInput(examples: try reader.examples(&table, layout), remarks: remarks)
    }
  }

  private func layout(
    of table: CSVTable, like own: Layout, _ remarks: inout [String]
  ) throws(DatasetError) -> Layout {
    guard header(of: table).isHeader else {
      return try layout(width: table.fields.count, like: own)
    }
    var names: [String] = []
    for field in table.fields { names.append(try table.text(field)) }
    guard own.hasHeader else {
      remarks.append("its first line taken for a header")
      var layout = try layout(width: names.count, like: own)
      layout.names = names
      layout.hasHeader = true
      return layout
    }
    if names == own.names { return own }
    return try layout(names: names, like: own, &remarks)
  }

  /// The columns by their names, in the order of the run's.
  private func layout(
    names: [String], like own: Layout, _ remarks: inout [String]
  ) throws(DatasetError) -> Layout {
    func place(_ column: Int) throws(DatasetError) -> Int? {
      try self.place(of: own.names[column], in: names)
    }
    func places(_ columns: [Int]) throws(DatasetError) -> [Int] {
      var places: [Int] = []
      for column in columns {
        guard let place = try place(column) else {
          throw .unknownColumn(file: file, wanted: own.names[column], columns: names)
        }
        places.append(place)
      }
      return places
    }
    var isLabelled = false
    for label in own.labels where try place(label) != nil { isLabelled = true }
    let others = names.filter { !own.names.contains($0) }
    if !others.isEmpty {
      remarks.append(
        "left out what the run has not: \(others.map { "`\($0)`" }.joined(separator: ", "))")
    }
    return Layout(
      hasHeader: true, names: names, labels: isLabelled ? try places(own.labels) : [],
      id: try own.id.flatMap { id throws(DatasetError) in try place(id) },
      inputs: try places(own.inputs))
  }

  /// The columns by their places.
  private func layout(width: Int, like own: Layout) throws(DatasetError) -> Layout {
    let all = own.names.indices
    let kept: [Int]
    switch width {
    case all.count: kept = Array(all)
    case all.count - own.labels.count: kept = all.filter { !own.labels.contains($0) }
    case own.inputs.count: kept = own.inputs
    default:
      throw .inputColumns(
        file: file, found: width, inputs: own.inputs.count, labels: own.labels.count,
        all: all.count)
    }
    let places = Dictionary(zip(kept, 0...), uniquingKeysWith: { first, _ in first })
    return Layout(
      hasHeader: false, names: (0..<width).map(String.init),
      labels: own.labels.compactMap { places[$0] }, id: own.id.flatMap { places[$0] },
      inputs: own.inputs.compactMap { places[$0] })
  }
}
