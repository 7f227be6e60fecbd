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
  /// Share by which the loss of a whole sequence rises when it counts as flipped; nil: 0.05.
  public var rise: Double?
  /// The bank; nil: `brittleness`.
  public var bank: String?
  /// Whether a bank that was made from something else is replaced.
  public var overwrites = false
  /// Of sequences the only token of each test example that is asked about, from 1; nil: all.
  public var token: Int?
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
    let setup = try ScoringSession(session, scoring, layers: layers)
    let (run, data) = (setup.influence.run, setup.influence.data)
    let asked = try setup.queries(token: token)
    let made = try RetrainingJob(
      run, data: data, design: try design(setup, asked), seeds: models,
      keepsTokens: token == nil ? nil : true
    ).run(to: RetrainingJob.path(run, bank: name), overwrites: overwrites, session.control)
    let asks = try EvaluationQueries(data.test, token: token, rows: made.design.queries)
    let rise = rise ?? 0.05
    let predictions = try made.predictions(of: asks, rise: rise)
    let result = try Brittleness(design: made.design, seeds: made.seeds, file: made.path) {
      predictions[$0 * made.seeds + $1]
    }
    let isSequence = setup.influence.isSequence
    return Evaluated(
      BrittlenessAnswer(
        EvaluationSettings(try setup.description(), made, token: token), result, of: data, asked,
        losses: isSequence ? try made.lossesByRemoval(of: asks) : [:],
        rise: isSequence && token == nil ? rise : nil))
  }

  private func requireRanges() throws(EvaluationError) {
    if let rise, !(rise > 0 && rise.isFinite) {
      throw .request(
        problem: "‹rise› must be above 0, not \(rise)", field: "‹rise›",
        remedy: "for instance ‹rise: 0.05›")
    }
    try EvaluationError.require(count, in: 1...100_000, field: "count")
    try EvaluationError.require(models, in: 1...1_000, field: "models")
    try EvaluationError.require(draws, in: 1...100, field: "draws")
    try EvaluationError.require(budget, in: 1...10_000_000, field: "budget")
  }
}
