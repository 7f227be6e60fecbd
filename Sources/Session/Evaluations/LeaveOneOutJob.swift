import Answers
import Evaluation
import Influence
import Networks
import Tensors

/// Whether scores predict what leaving out single examples does.
public struct LeaveOneOutJob: Sendable {
  /// The bank that is the truth; nil: `leave-one-out`.
  public var bank: String?
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
  public func run(in session: Session) throws -> Evaluated<LeaveOneOutAnswer> {
    let beside = try ScoringBesideBank(
      session, bank: bank, of: [.leaveOneOut], scoring, layers: layers, token: token)
    let (setup, truth) = (beside.setup, beside.truth)
    let data = setup.influence.data
    func correlation(_ scores: Matrix<Float>) throws -> LeaveOneOutCorrelation {
      try LeaveOneOutCorrelation(
        scores: scores, design: truth.design, outputs: beside.outputs, file: truth.path)
    }
    let scores = try setup.scorer.scores(beside.queries.data)
    let result = try correlation(scores)
    let control = try correlation(NegativeControl.randomScores(like: scores))
    let answer = LeaveOneOutAnswer(
      EvaluationSettings(try setup.description(), truth, token: token), result, control: control,
      leftOut: result.rows.map { data.train.ids[$0] })
    return Evaluated(
      answer,
      page: answer.page(queries: [
        .init("Pearson", result.pearson.perQuery), .init("Spearman", result.spearman.perQuery),
        .init("random scores, Spearman", control.spearman.perQuery),
      ]))
  }
}
