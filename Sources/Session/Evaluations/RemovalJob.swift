import Answers
import Datasets
import Evaluation
import Influence
import Networks

/// What retraining without the most helpful or harmful examples does, beside random removal.
///
/// The ranking is the one that the bank was made with.
public struct RemovalJob: Sendable {
  /// The bank; nil: `removal`.
  public var bank: String?
  /// What is measured of the models; nil: margins of classes, predictions of numbers.
  public var outputFunction: OutputFunction?

  /// The run's standard bank by its standard measurement, unless told otherwise.
  public init(bank: String? = nil, outputFunction: OutputFunction? = nil) {
    (self.bank, self.outputFunction) = (bank, outputFunction)
  }

  /// Reads the bank.
  ///
  /// - Throws: `EvaluationError` where there is no bank that suits; `InfluenceError.notDefined` for
  ///   an output function that the targets do not have.
  public func run(in session: Session) throws -> Evaluated<RemovalAnswer> {
    let name = try SubsetDesign.Kind.removal.bankName(bank)
    let influence = try session.influence()
    try influence.data.requireTest()
    let truth = try RetrainingBank.named(name, of: influence, designs: [.removal])
    let function = try function(of: influence)
    let queries = try EvaluationQueries(
      influence.data.test, token: truth.design.ranking?.token, rows: truth.design.queries)
    func curves(_ values: [[Double]]) throws -> RemovalCurves {
      try RemovalCurves(design: truth.design, values: values, file: truth.path)
    }
    // Under the name of the loss stands the loss: inside, f = −ℓ.
    let output = try curves(
      truth.means(function, of: queries) { function.printed(change: Double($0)) })
    let accuracy =
      influence.data.test.classes != nil
      ? try curves(truth.means(.hardMargin, of: queries) { $0 > 0 ? 1 : 0 }) : nil
    let loss = influence.isSequence ? try curves(truth.meanTokenLosses(of: queries)) : nil
    guard let ranking = truth.design.ranking else {
      throw EvaluationError.notABank(problem: "it has no ranking", file: truth.path)
    }
    return Evaluated(
      RemovalAnswer(
        EvaluationSettings(
          run: influence.run.name, ranking, outputFunction: function.rawValue, truth),
        queries: ranking.queries, trainingExamples: influence.data.train.count, output: output,
        accuracy: accuracy, loss: loss))
  }

  private func function(of influence: RunInfluence) throws -> OutputFunction {
    let function = outputFunction ?? (influence.isClassification ? .margin : .prediction)
    guard function.accepts(TargetValues(influence.data.test.targets)) else {
      throw InfluenceError.notDefined(
        name: "output function \(function.rawValue)",
        reason: "the targets are "
          + (influence.isSequence
            ? "next tokens" : influence.isClassification ? "classes" : "numbers"),
        option: "‹outputFunction›")
    }
    return function
  }
}
