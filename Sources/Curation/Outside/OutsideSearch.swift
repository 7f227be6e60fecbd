// Letters: n training examples, C classes.
import Datasets
import Influence
import Tensors

/// The search for wrong labels by what another program's model says, with no training.
///
/// Suspicion is minus the margin: the prediction for the label less that for the best other class.
/// Decoys need no new model: of probabilities that were made out of fold an example's label has no
/// part in its own, and the regression on features has a closed form.
public struct OutsideSearch: Sendable {
  private let train: Dataset
  private let labels: [Int32]
  private let model: OutsideModel

  /// A search over a training set.
  ///
  /// - Throws: `CurationError.notDefined` for targets that are no classes.
  public init(_ model: OutsideModel, _ train: Dataset, run: String) throws {
    guard let labels = train.classes else {
      throw CurationError.notDefined(
        what: "the search by probabilities or features", reason: "the targets are no classes",
        run: run, remedy: "use a run whose examples have classes")
    }
    (self.train, self.labels, self.model) = (train, labels, model)
  }

  /// Training examples in order of suspicion.
  public func ranking() -> MislabelRanking {
    let found = leaveOneOut(labels)
    var ranking = MislabelRanking(signal: .outside, suspicion: found.margins.map { -$0 })
    ranking.leaveOneOut = found
    return ranking
  }

  /// How many labels are wrong, and where to cut the ranking.
  ///
  /// - Throws: `CurationError` for a precision that means nothing and for too few examples.
  public func cut(precision: Double, run: String, seed: UInt64 = 0) throws -> CutEstimate {
    try CurationError.requirePrecision(precision)
    try DecoyJob.requireExamples(labels.count, run: run)
    let design = DecoyDesign(
      labels: labels, classes: train.classCount, first: leaveOneOut(labels),
      signal: .leaveOneOutMargin, seed: seed)
    let first = design.firstDecoys().map(pass)
    let bank = DecoyBank(passes: first + design.secondDecoys(first).map(pass))
    return CutEstimate(
      bank, classes: train.classCount, signal: .leaveOneOutMargin, precision: precision,
      seed: seed)
  }

  private func pass(_ decoys: Decoys) -> DecoyPass {
    let found = leaveOneOut(decoys.labels)
    return DecoyPass(
      decoys: decoys, margins: found.margins,
      el2n: [Float](repeating: 0, count: labels.count), suggested: found.classes)
  }

  private func leaveOneOut(_ labels: [Int32]) -> LeaveOneOutPredictions {
    let predictions = model.predictions(labels, classes: train.classCount)
    let margins = labels.enumerated().map { i, label in
      let others = (0..<predictions.rows).lazy.filter { $0 != Int(label) }
      return predictions[Int(label), i] - (others.map { predictions[$0, i] }.max() ?? 0)
    }
    return LeaveOneOutPredictions(margins: margins, predictions: predictions)
  }
}
