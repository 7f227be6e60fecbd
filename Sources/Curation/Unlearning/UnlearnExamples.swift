// Letters: s forgotten examples, k kept ones, t test examples, m all of them, C outputs.
import Datasets
import Networks
import Tensors

/// The examples by which an unlearned network is compared with networks that never saw some of them.
public struct UnlearnExamples: Sendable {
  /// Most kept training examples that are looked at.
  public static let mostKept = 1_000

  /// Forgotten, kept and test examples, one after the other, with row numbers as ids.
  public let data: Dataset
  /// Their rows.
  public let forgotten, kept, test: Range<Int>

  /// Some training examples and all test examples.
  ///
  /// - Parameters:
  ///   - forgotten: rows of the training set.
  ///   - kept: rows of it.
  public init(_ data: SplitData, forgotten: [Int], kept: [Int]) {
    let train = data.train.subset(forgotten + kept)
    let test = data.test
    let inputs = Tensor(uninitialized: [train.count + test.count] + train.featureShape)
    inputs.storage.base.update(from: train.inputs.storage.base, count: train.inputs.count)
    (inputs.storage.base + train.inputs.count).update(
      from: test.inputs.storage.base, count: test.inputs.count)
    self.data = Dataset(inputs: inputs, targets: train.targets.followed(by: test.targets))
    self.forgotten = 0..<forgotten.count
    self.kept = forgotten.count..<train.count
    self.test = train.count..<train.count + test.count
  }

  /// What outputs say of each example, m rows: the margin of its class; the numbers themselves.
  public func values(_ outputs: Tensor) -> Matrix<Float> {
    guard data.classes != nil else { return Matrix(outputs) }
    let margins = OutputFunction.margin.values(outputs, TargetValues(data.targets))
    return Matrix(margins, rows: margins.count, columns: 1)
  }
}

extension Targets {
  /// These and then others of the same kind.
  fileprivate func followed(by other: Targets) -> Targets {
    switch (self, other) {
    case (.classes(let a, let names), .classes(let b, _)): .classes(a + b, names: names)
    case (.values(let a), .values(let b)):
      .values(
        Tensor(a.elements + b.elements, shape: [a.rowCount + b.rowCount, a.rowLength]))
    default: preconditionFailure("targets of two kinds, or sequences")
    }
  }
}
