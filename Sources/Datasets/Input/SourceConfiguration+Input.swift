import Tensors

extension SourceConfiguration {
  /// Reads a file from outside as this source is read; which rows of it are taken does not count.
  ///
  /// - Parameter train: the run's training examples, whose shape and tokens it is to have.
  func readInput(_ file: String, like train: Dataset) throws -> RawInput {
    let shape = train.featureShape
    switch reader {
    case .csv(let reader): return try reader.read(input: file)
    case .images(let reader):
      return try PictureFile(FileStart(file)).read(shape, resizes: reader.size != nil)
    case .idx(let images, _): return try readIDX(file, shape, like: images)
    case .npy:
      return try readArrays(NamedArrays(file: file, inputs: "inputs", labels: "labels"), shape)
    case .npz(var names), .hdf5(var names):
      names.file = file
      return try readArrays(names, shape)
    case .tokens(let reader):
      return try reader.read(input: file, length: shape[0], vocabulary: train.vocabulary?.count)
    case .lines(let reader): return try reader.read(input: file)
    }
  }

  /// An IDX file; or a picture, where those of the run are of bytes.
  private func readIDX(_ file: String, _ shape: [Int], like own: String) throws -> RawInput {
    let start = try FileStart(file)
    switch start.kind {
    case .idx:
      return RawInput(
        examples: try RawExamples(
          input: IDXReader(file: file).read(), labels: nil, ids: nil, like: shape,
          isRegression: isRegression, layout: layout))
    case .png, .jpeg:
      guard try IDXReader(file: own).read().format.kind == .unsigned else {
        throw start.isNot("IDX, as the run's data, which are not of bytes")
      }
      return try PictureFile(start).read(shape, resizes: false)
    default: throw start.isNot("IDX, PNG or JPEG")
    }
  }

  /// An array, or arrays that are called as in the run's own files.
  private func readArrays(_ names: NamedArrays, _ shape: [Int]) throws -> RawInput {
    func examples(
      _ has: (String) -> Bool, _ array: (String) throws -> any ExampleArray
    ) throws -> RawInput {
      RawInput(
        examples: try RawExamples(
          input: array(names.inputs),
          labels: has(names.labels) ? try array(names.labels) : nil,
          ids: try names.ids.flatMap { has($0) ? try array($0) : nil }, like: shape,
          isRegression: isRegression, layout: layout))
    }
    let start = try FileStart(names.file)
    switch start.kind {
    case .npy: return try examples({ _ in false }) { _ in try NPYReader(file: names.file).read() }
    case .zip:
      let reader = try NPZReader(file: names.file)
      return try examples({ reader.names.contains($0) }, { try reader.array($0) })
    case .hdf5:
      let reader = try HDF5Reader(file: names.file)
      return try examples({ reader.has($0) }, { try reader.array($0) })
    default: throw start.isNot("npy, npz or HDF5")
    }
  }
}

extension RawExamples {
  /// Examples of arrays from outside.
  ///
  /// - Parameters:
  ///   - inputs: n × `shape`, or `shape` for one example.
  ///   - labels: n numbers, n × outputs where they are to be predicted as numbers; nil without.
  ///   - ids: n whole numbers or, in HDF5, texts.
  fileprivate init(
    input inputs: any ExampleArray, labels: (any ExampleArray)?, ids: (any ExampleArray)?,
    like shape: [Int], isRegression: Bool, layout: ImageLayout?
  ) throws {
    // As the run's own pictures were turned where their channels stood last.
    let own = inputs.shape.count == shape.count ? [1] + inputs.shape : inputs.shape
    let turned =
      own.count == 4 && shape.count == 3
      && (ImageLayout.looksChannelsLast(own) || layout == .channelsLast)
      && [own[3], own[1], own[2]] == shape
    guard turned || inputs.shape == shape || Array(inputs.shape.dropFirst()) == shape else {
      throw DatasetError.wrongShape(
        file: inputs.file, place: inputs.place(nil), shape: inputs.shape,
        expected: shape.expectedText)
    }
    let n = own[0]
    guard n > 0 else { throw DatasetError.noExamples(file: inputs.file) }
    let names = try ids?.exampleIDs()
    if let ids, let names, names.count != n {
      throw DatasetError.countMismatch(
        file: ids.file, what: "ids", found: names.count, expected: n)
    }
    self.init(
      file: inputs.file, labelFile: inputs.file, ids: names,
      inputs: turned
        ? try inputs.tensor().reshaped(own).channelsFirst()
        : try inputs.tensor().reshaped([n] + shape),
      labels: try labels.map { try RawLabels(input: $0, of: n, isRegression) } ?? .unlabelled)
  }
}

extension RawLabels {
  /// n labels of an array: one number each, or rows of them for what is predicted as numbers.
  fileprivate init(input array: any ExampleArray, of n: Int, _ isRegression: Bool) throws {
    let numbers = try array.numbers()
    let outputs = isRegression ? numbers.count / n : 1
    guard outputs > 0, numbers.count == n * outputs else {
      throw DatasetError.countMismatch(
        file: array.file, what: "labels", found: numbers.count, expected: n)
    }
    self = .numbers(numbers, outputs: outputs, places: array.rowPlaces)
  }
}
