import Answers
import Evaluation
import Influence
import Networks
import Runs
import Training

/// How few helpful examples must go for a prediction to flip, by models trained for it once.
public struct BrittlenessJob: Sendable {
  /// The queries: test ids such as `3,17`, or `@FILE` with one a line; nil: a random sample of
  /// those that are predicted rightly.
  public var test: String?
  /// Queries in the sample.
  public var count = 10
  /// Numbers of examples to remove; nil: 1, 2, 5, 10 and 20 % of the training set.
  public var removals: [Int]?
  /// Models of each removal, which vote.
  public var models = 3
  /// Random removals of each size.
  public var draws = 3
  /// Models to train at the most.
  public var budget = 500
  /// The bank; nil: `brittleness`.
  public var bank: String?
  /// Whether a bank that was made from something else is replaced.
  public var overwrites = false
  /// How the scores are made.
  public var scoring = ScoringRequest()
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?

  /// A sample by the run's own scores.
  public init() {}

  /// Trains what is missing and lets the models vote; stopped, the same job goes on.
  ///
  /// - Throws: `EvaluationError` for a request that the run does not suit or that is over the
  ///   budget; errors of the scoring and of training; `JobCancelled`, resumable.
  public func run(in session: Session) throws -> Evaluated<BrittlenessAnswer> {
    let name = try SubsetDesign.Kind.brittleness.bankName(bank)
    try requireRanges()
    let setup = try ScoringSession(evaluating: "brittleness", session, scoring, layers: layers)
    let (run, data) = (setup.influence.run, setup.influence.data)
    let made = try RetrainingJob(run, data: data, design: try design(setup), seeds: models)
      .run(
        to: RetrainingJob.path(run, bank: name), overwrites: overwrites, session.control)
    let result = try Brittleness(design: made.design, seeds: made.seeds, file: made.path) {
      let logits = made.logits(subset: $0, seed: $1)
      return (0..<logits.rowCount).map { row in
        let z = (0..<logits.rowLength).map { logits[row * logits.rowLength + $0] }
        return Int32(z.indices.reduce(0) { z[$1] > z[$0] ? $1 : $0 })
      }
    }
    return Evaluated(
      BrittlenessAnswer(EvaluationSettings(try setup.description(), made), result, of: data))
  }

  private func requireRanges() throws(EvaluationError) {
    try EvaluationError.require(count, in: 1...100_000, field: "count")
    try EvaluationError.require(models, in: 1...1_000, field: "models")
    try EvaluationError.require(draws, in: 1...100, field: "draws")
    try EvaluationError.require(budget, in: 1...10_000_000, field: "budget")
  }
}
