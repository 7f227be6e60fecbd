import Tensors

/// Reading a source.
extension SourceConfiguration {
  /// The examples of the source with their ids, all different; rows keep their numbers.
  ///
  /// - Parameter train: the training examples, for a test table's columns.
  func read(like train: RawExamples? = nil) throws -> RawExamples {
    var examples = try readAll(like: train)
    let n = examples.count
    examples.ids = try examples.uniqueIDs()
    guard let wanted = rows else { return examples }
    guard wanted.upperBound <= n else {
      throw DatasetError.rowsBeyondEnd(
        file: examples.file, rows: [wanted.lowerBound, wanted.upperBound], available: n)
    }
    return examples.subset(Array(wanted))
  }

  private func readAll(like train: RawExamples?) throws -> RawExamples {
    switch reader {
    case .csv(var reader):
      reader.allowsUnlabelled = train != nil && !isRegression
      guard let train, let own = train.columns else { return try reader.read() }
      return try reader.read(like: own, of: train.file)
    case .images(let reader): return try reader.read()
    case .idx(let images, let labels):
      let array = try IDXReader(file: images).read()
      var examples = try RawExamples(
        inputs: array, labels: try IDXReader(file: labels).read(), ids: nil,
        isRegression: isRegression, layout: layout)
      examples.areByteImages = array.format.kind == .unsigned
      return examples
    case .npy(let inputs, let labels, let ids):
      return try RawExamples(
        inputs: NPYReader(file: inputs).read(), labels: NPYReader(file: labels).read(),
        ids: ids.map { try NPYReader(file: $0).read() }, isRegression: isRegression,
        layout: layout)
    case .tokens(let reader): return try reader.read()
    case .lines(var reader):
      reader.allowsUnlabelled = train != nil && !isRegression
      return try reader.read()
    case .npz(let names):
      let file = try NPZReader(file: names.file)
      return try RawExamples(
        inputs: file.array(names.inputs), labels: file.array(names.labels),
        ids: names.ids.map { try file.array($0) }, isRegression: isRegression,
        layout: layout)
    case .hdf5(let names):
      let file = try HDF5Reader(file: names.file)
      return try RawExamples(
        inputs: file.array(names.inputs), labels: file.array(names.labels),
        ids: names.ids.map { try file.array($0) }, isRegression: isRegression,
        layout: layout)
    }
  }
}

extension RawExamples {
  /// The names, or row numbers; all different.
  func uniqueIDs() throws(DatasetError) -> [ExampleID] {
    guard let ids else { return (0..<count).map { .row($0) } }
    var rows: [ExampleID: Int] = [:]
    for (row, id) in ids.enumerated() {
      if let first = rows.updateValue(row, forKey: id) {
        throw .duplicateID(file: file, id: id, first: first, second: row)
      }
    }
    return ids
  }

  /// Some of the examples; errors still name their places in the source.
  func subset(_ rows: [Int]) -> RawExamples {
    var result = self
    result.ids = ids.map { ids in rows.map { ids[$0] } }
    result.inputs = inputs.gathered(rows)
    result.nextTokens = nextTokens?.gathered(rows)
    let width = inputs.count / max(1, count)
    result.exactInputs = exactInputs.map { exact in
      rows.flatMap { exact[$0 * width..<($0 + 1) * width] }
    }
    switch labels {
    case .words(let words, let places):
      result.labels = .words(rows.map { words[$0] }, places: { places(rows[$0]) })
    case .numbers(let numbers, let outputs, let places):
      result.labels = .numbers(
        rows.flatMap { numbers[$0 * outputs..<($0 + 1) * outputs] }, outputs: outputs,
        places: { places(rows[$0]) })
    case .tokens, .unlabelled: break
    }
    return result
  }

  /// The targets as numbers, n × outputs, all finite.
  func values() throws(DatasetError) -> Targets {
    guard case .numbers(let numbers, let outputs, let places) = labels else {
      preconditionFailure("words where numbers were read")
    }
    for (position, number) in numbers.enumerated() where !Float(number).isFinite {
      throw .notFinite(file: labelFile, place: places(position / outputs), value: "\(number)")
    }
    return .values(Tensor(numbers.map { Float($0) }, shape: [count, outputs]))
  }
}
