import Answers
import Evaluation
import Influence
import Networks

/// Whether sums of scores predict what retraining on random subsets does.
public struct LDSJob: Sendable {
  /// The bank that is the truth; nil: `bank`.
  public var bank: String?
  /// The bank to fuse the scores with, of other subsets; nil: none.
  public var fusedWith: String?
  /// Of sequences the only token of each test example that is asked about, from 1; nil: all.
  public var token: Int?
  /// How the scores are made.
  public var scoring: ScoringRequest
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?

  /// The run's own scores against its standard bank, unless told otherwise.
  public init(
    bank: String? = nil, scoring: ScoringRequest = ScoringRequest(), layers: LayerPatterns? = nil
  ) {
    (self.bank, self.scoring, self.layers) = (bank, scoring, layers)
  }

  /// Scores all test examples, and random scores beside them.
  ///
  /// - Throws: `EvaluationError` where there is no bank that suits; errors of the scoring.
  public func run(in session: Session) throws -> Evaluated<LDSAnswer> {
    let beside = try ScoringBesideBank(
      session, bank: bank, of: [.random, .list], scoring, layers: layers, token: token)
    let (setup, queries) = (beside.setup, beside.queries)
    let fused = try setup.fused(
      with: fusedWith, token: token, truth: (beside.truth, beside.name))
    let scores = try fused?.scores(rows: queries.rows) ?? setup.scorer.scores(queries.data)
    let result = beside.lds(scores)
    let control = beside.lds(NegativeControl.randomScores(like: scores))
    let answer = LDSAnswer(
      EvaluationSettings(
        try setup.description(fusion: fused?.record), beside.truth, token: token), result,
      control: control, fusion: fused?.record)
    return Evaluated(
      answer,
      page: answer.page(queries: [
        .init(answer.settings.method, result.perQuery), .init("random scores", control.perQuery),
      ]))
  }
}
