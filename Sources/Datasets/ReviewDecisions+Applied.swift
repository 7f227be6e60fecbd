import Tensors

extension ReviewDecisions {
  /// The data as they are after the decisions: labels changed, examples taken out, order kept.
  ///
  /// - Parameter touchesTest: whether the test examples may be changed too; else a decision about one
  ///   is refused.
  /// - Throws: `DatasetError.decision` for ids that do not exist, for labels that are others now, and
  ///   where a class would have no training example left; `.unknownClass`.
  public func applied(
    to data: SplitData, touchesTest: Bool = false
  ) throws(DatasetError) -> SplitData {
    let (train, test) = (PartRows(data.train), PartRows(data.test))
    for decision in decisions {
      guard decision.part == .train else {
        if !touchesTest { throw untouchable(decision) }
        continue
      }
      // A row of the same number in the test file is another example.
      if train.rows[decision.id] == nil && test.rows[decision.id] != nil && !touchesTest {
        throw untouchable(decision)
      }
    }
    return SplitData(
      train: try changed(data.train, train, .train), test: try changed(data.test, test, .test),
      normalisation: data.normalisation, description: data.description,
      unlabelled: data.unlabelled)
  }

  private func untouchable(_ decision: Decision) -> DatasetError {
    .decision(
      file: file, line: decision.line,
      problem: "\(decision.id) is a test example, by which models are judged",
      remedy: "leave the line out, or say that test examples may be changed too (‹touchTest›).")
  }

  /// Where each id stands.
  private struct PartRows {
    let rows: [ExampleID: Int]

    init(_ data: Dataset) {
      rows = Dictionary(zip(data.ids, 0...), uniquingKeysWith: { first, _ in first })
    }
  }

  /// One part after its decisions.
  private func changed(
    _ data: Dataset, _ place: PartRows, _ part: Part
  ) throws(DatasetError) -> Dataset {
    let own = decisions.filter { $0.part == part }
    guard !own.isEmpty else { return data }
    var labels = data.classes
    var isDropped = [Bool](repeating: false, count: data.count)
    for decision in own {
      guard let row = place.rows[decision.id] else {
        throw .decision(
          file: file, line: decision.line,
          problem: "there is no \(part == .train ? "training" : "test") example \(decision.id)",
          remedy: "decide about examples of this data"
            + (data.ids.first.map { ", such as \($0)." } ?? "."))
      }
      try requireSame(decision, data, row)
      switch decision.verdict {
      case .keep: break
      case .drop: isDropped[row] = true
      case .relabel: labels?[row] = try newClass(decision, data)
      }
    }
    if part == .train { try requireClasses(data, labels, isDropped) }
    let relabelled = labels.map { data.relabelled($0) } ?? data
    guard isDropped.contains(true) else { return relabelled }
    return relabelled.subset(isDropped.indices.filter { !isDropped[$0] })
  }

  /// Refuses a decision about another label than the example has.
  private func requireSame(
    _ decision: Decision, _ data: Dataset, _ row: Int
  ) throws(DatasetError) {
    guard let label = decision.label, let classes = data.classes else { return }
    let present = data.classNames[Int(classes[row])]
    guard !ReviewDecisions.isSame(label, present) else { return }
    throw .decision(
      file: file, line: decision.line,
      problem: "\(decision.id) is labelled \(label) here and \(present) in the data: "
        + "these decisions are about other data",
      remedy: "decide about this run's own ranking (ascribe mislabeled RUN --csv FILE).")
  }

  private func newClass(_ decision: Decision, _ data: Dataset) throws(DatasetError) -> Int32 {
    guard data.classes != nil else {
      throw .decision(
        file: file, line: decision.line,
        problem: "\(decision.id) cannot get another label: the targets are no classes",
        remedy: "keep or drop it.")
    }
    let wanted = decision.newLabel ?? ""
    guard let found = data.classNames.firstIndex(where: { ReviewDecisions.isSame(wanted, $0) })
    else {
      throw .unknownClass(
        file: file, place: .line(decision.line), value: wanted, classes: data.classNames)
    }
    return Int32(found)
  }

  private func requireClasses(
    _ data: Dataset, _ labels: [Int32]?, _ isDropped: [Bool]
  ) throws(DatasetError) {
    guard let before = data.classes, let labels else { return }
    let left = Set(labels.indices.filter { !isDropped[$0] }.map { labels[$0] })
    guard let gone = Set(before).subtracting(left).min() else { return }
    throw .decision(
      file: file, line: nil,
      problem: "the class \(data.classNames[Int(gone)]) would have no training example left",
      remedy: "keep one of its examples at least.")
  }

  /// Whether two spellings are of one class: "3" and "03" are.
  private static func isSame(_ one: String, _ other: String) -> Bool {
    if one == other { return true }
    guard let number = Int(one) else { return false }
    return number == Int(other)
  }
}

extension Dataset {
  /// The same examples with other labels; what noise was planted is still known.
  package func relabelled(_ labels: [Int32]) -> Dataset {
    Dataset(
      ids: ids, inputs: inputs, targets: .classes(labels, names: classNames),
      originalClasses: originalClasses, tokenizer: tokenizer, origin: origin, weights: weights)
  }
}
