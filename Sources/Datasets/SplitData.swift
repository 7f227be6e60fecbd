import Tensors

/// The data of a run: training and test examples on one scale.
public struct SplitData: Sendable {
  /// Training examples z_i; with planted noise if the configuration has any.
  public let train: Dataset
  /// Test examples x_j, never with noise; none when the run has no test set.
  public let test: Dataset
  /// How the inputs of both were brought to their scale.
  public let normalisation: Normalisation
  /// How the files were read; nil where no files were, and unless it was asked for.
  public let description: DataDescription?
  /// Test examples without a label, where others have classes: asked about, and in no evaluation.
  public let unlabelled: InputExamples?

  /// Data of a run, brought to one scale before.
  public init(
    train: Dataset, test: Dataset, normalisation: Normalisation,
    description: DataDescription? = nil, unlabelled: InputExamples? = nil
  ) {
    (self.train, self.test, self.normalisation) = (train, test, normalisation)
    (self.description, self.unlabelled) = (description, unlabelled)
  }

  /// Refuses to go on without test examples, for what is asked about them.
  ///
  /// - Throws: `DatasetError.noTestSet`.
  public func requireTest() throws(DatasetError) { try test.requireTest() }

  /// The same with how the files were read.
  func described(_ description: DataDescription) -> SplitData {
    SplitData(
      train: train, test: test, normalisation: normalisation, description: description,
      unlabelled: unlabelled)
  }

  /// The same data with other training examples of it, on the same scale.
  public func training(on train: Dataset) -> SplitData {
    SplitData(
      train: train, test: test, normalisation: normalisation, description: description,
      unlabelled: unlabelled)
  }
}

extension Dataset {
  /// Refuses a test set without examples.
  ///
  /// - Throws: `DatasetError.noTestSet`.
  public func requireTest() throws(DatasetError) {
    if count == 0 { throw .noTestSet }
  }
}

extension DataConfiguration {
  /// Reads the files, numbers the classes, splits, normalises, plants noise, weighs and takes over
  /// decisions, in this order.
  ///
  /// - Parameter describing: whether is described how the files were read: it looks at every input.
  /// - Throws: `DatasetError`, and `StorageError` from HDF5 files.
  public func load(describing: Bool = false) throws -> SplitData {
    var data = try undecided(describing: describing)
    if let weights { data = try ExampleWeights(reading: weights).applied(to: data) }
    for file in decisions {
      data = try ReviewDecisions(reading: file).applied(to: data, touchesTest: touchesTest)
    }
    return data
  }

  /// The data without decisions.
  private func undecided(describing: Bool) throws -> SplitData {
    let (train, read, source) = try withoutHoles(readBoth())
    var test = read
    guard train.inputs.shape.dropFirst() == test.inputs.shape.dropFirst() else {
      throw DatasetError.shapesDiffer(
        train: train.file, trainShape: Array(train.inputs.shape.dropFirst()),
        test: test.file, testShape: Array(test.inputs.shape.dropFirst()))
    }
    if train.vocabulary != nil || test.vocabulary != nil {
      let data = try sequences(train, test)
      guard describing else { return data }
      return data.described(
        DataDescription(
          train, data.train, test, data.test, data.normalisation, isOneSource: source != nil,
          spelled: nil))
    }
    var unlabelled: RawExamples?
    var (trainTargets, testTargets): (Targets, Targets)
    var spelled: String?
    switch task {
    case .regression:
      (trainTargets, testTargets) = (try train.values(), try test.values())
      guard case .values(let a) = trainTargets, case .values(let b) = testTargets,
        a.shape[1] == b.shape[1]
      else {
        throw DatasetError.wrongShape(
          file: test.labelFile, place: .file, shape: [test.count, testTargets.outputCount],
          expected: "\(test.count) × \(trainTargets.outputCount) as in training")
      }
    case .classification:
      // Of one source all classes are known; of two, those of the training examples.
      let table = try classes.map(ClassTable.init(names:)) ?? ClassTable(of: source ?? train)
      spelled = table.spelled
      guard table.names.count >= 2 else {
        throw DatasetError.oneClass(file: train.labelFile, classes: table.names)
      }
      trainTargets = .classes(try table.classes(of: train), names: table.names)
      if source == nil {
        let hidden = Set(test.labels.hiddenRows(besides: table.names))
        if !hidden.isEmpty {
          let all = test
          unlabelled = all.subset(hidden.sorted())
          test = all.subset((0..<all.count).filter { !hidden.contains($0) })
          test.reading.notes.append(
            "\(hidden.count) of \(all.count) examples have no label (empty or -1): they are in no "
              + "accuracy and no evaluation, and are asked about by `--test unlabelled` or their ids"
          )
        }
      }
      testTargets = .classes(try table.classes(of: test), names: table.names)
    }
    let normalisation = try normalisation(of: train)
    let clean = Dataset(
      ids: train.ids, inputs: try normalised(train, normalisation), targets: trainTargets,
      tokenizer: train.tokenizer)
    func inputs(of test: RawExamples) throws -> Tensor {
      try tokens(train, test) ?? normalised(test, normalisation)
    }
    let tested = Dataset(
      ids: test.ids, inputs: try inputs(of: test), targets: testTargets,
      tokenizer: train.tokenizer)
    return SplitData(
      train: try noise.map { try $0.planted(in: clean, file: train.labelFile) } ?? clean,
      test: tested, normalisation: normalisation,
      description: describing
        ? DataDescription(
          train, clean, test, tested, normalisation, isOneSource: source != nil, spelled: spelled)
        : nil,
      unlabelled: try unlabelled.map {
        InputExamples(
          file: $0.file, names: $0.ids, inputs: try inputs(of: $0), targets: nil, remarks: [],
          tokenizer: train.tokenizer)
      })
  }

  /// The same with means of the training examples where `missing: mean` left inputs open.
  private func withoutHoles(
    _ read: (RawExamples, RawExamples, RawExamples?)
  ) throws(DatasetError) -> (RawExamples, RawExamples, RawExamples?) {
    var (train, test, source) = read
    guard train.hasHoles || test.hasHoles else { return read }
    let means = try train.columnMeans()
    train.fillHoles(with: means)
    test.fillHoles(with: means)
    return (train, test, source)
  }

  /// Sequences whose next tokens are to be predicted, with the training examples' vocabulary.
  private func sequences(_ train: RawExamples, _ test: RawExamples) throws -> SplitData {
    guard let known = train.vocabulary, let other = test.vocabulary else {
      throw DatasetError.notForSequences(
        file: train.vocabulary == nil ? train.file : test.file, what: "labels")
    }
    if noise != nil { throw DatasetError.notForSequences(file: train.file, what: "flip") }
    if let tokens = try tokens(train, test) {
      return SplitData(
        train: Dataset(
          ids: train.ids, inputs: train.inputs,
          targets: .tokens(train.nextTokens(among: train.inputs), vocabulary: known),
          tokenizer: train.tokenizer),
        test: Dataset(
          ids: test.ids, inputs: tokens,
          targets: .tokens(test.nextTokens(among: tokens), vocabulary: known),
          tokenizer: train.tokenizer),
        normalisation: .none)
    }
    try requireNoScale(train)
    // Ids without words: the larger of two arrays says how many there are.
    let vocabulary = other.starts(with: known) && known.last == "\(known.count - 1)" ? other : known
    func dataset(_ examples: RawExamples) throws -> Dataset {
      let tokens = try examples.tokens(examples.vocabulary ?? [], in: vocabulary)
      return Dataset(
        ids: examples.ids, inputs: tokens, targets: .tokens(tokens, vocabulary: vocabulary))
    }
    return SplitData(
      train: try dataset(train), test: try dataset(test), normalisation: Normalisation(scale: nil))
  }

  /// The test sequences with the ids of the training texts' tokenizer; nil when there is none.
  private func tokens(_ train: RawExamples, _ test: RawExamples) throws(DatasetError) -> Tensor? {
    guard train.tokenizer != nil || test.tokenizer != nil else { return nil }
    try requireNoScale(train)
    guard let tokenizer = train.tokenizer else {
      throw .tokenizersDiffer(train: train.file, test: test.tokenizer?.name(in: test.file) ?? "")
    }
    return try test.tokens(by: tokenizer, of: train.file)
  }

  private func requireNoScale(_ train: RawExamples) throws(DatasetError) {
    if standardise != .none { throw .notForSequences(file: train.file, what: "standardise") }
    if case .range = scale { throw .notForSequences(file: train.file, what: "scale") }
  }

  /// Training and test examples, and the source of both when it is one.
  private func readBoth() throws -> (RawExamples, RawExamples, RawExamples?) {
    let first = try train.read()
    switch test {
    case .source(let source): return (first, try source.read(like: first), nil)
    // Of the same kind, shape and classes, and empty.
    case .none: return (first, first.subset([]), first)
    case .split(let split):
      let rows = try split.rows(of: first.ids ?? [], source: first.file)
      return (first.subset(rows.train), first.subset(rows.test), first)
    }
  }

  private func normalisation(of train: RawExamples) throws(DatasetError) -> Normalisation {
    let range: [Double]? =
      switch scale {
      case .none: nil
      case .range(let range): range
      case .byFormat: train.areByteImages ? [0, 255] : nil
      }
    switch standardise {
    case .none: return Normalisation(scale: range)
    case .byShape:
      return Normalisation(
        of: train.inputs, exact: train.exactInputs, scale: range,
        statistics: train.inputs.shape.count > 2 ? .global : .columns)
    case .statistics(let statistics):
      return Normalisation(
        of: train.inputs, exact: train.exactInputs, scale: range, statistics: statistics)
    case .numbers(let mean, let std):
      let features = train.inputs.count / max(1, train.count)
      let shape = train.inputs.shape
      let channels = shape.count > 2 ? shape[1] : features
      guard [1, channels, features].contains(mean.count) else {
        throw .wrongShape(
          file: train.file, place: .file, shape: Array(train.inputs.shape.dropFirst()),
          expected: "\(mean.count) features, as many as `standardise` has means")
      }
      return Normalisation(scale: range, mean: mean, std: std)
    }
  }

  /// The inputs on the scale; a scale that takes them beyond Float32 is an error.
  func normalised(
    _ examples: RawExamples, _ normalisation: Normalisation
  ) throws(DatasetError) -> Tensor {
    let inputs = normalisation.applied(to: examples.inputs, exact: examples.exactInputs)
    let base = inputs.storage.base
    for i in 0..<inputs.count where !base[i].isFinite {
      let row = i / (inputs.count / examples.count)
      throw .notFinite(
        file: examples.file, place: .row(row), value: "\(examples.inputs[i]) after normalisation")
    }
    return inputs
  }
}
