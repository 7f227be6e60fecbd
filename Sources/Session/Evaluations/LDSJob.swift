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
    let designs = [SubsetDesign.Kind.random, .list]
    let name = try designs[0].bankName(bank)
    let setup = try ScoringSession(session, scoring, layers: layers)
    let truth = try RetrainingBank.named(name, of: setup.influence, designs: designs)
    let queries = try setup.queries(token: token)
    let outputs = try truth.outputs(setup.options.outputFunction, of: queries)
    let fused = try setup.fused(with: fusedWith, token: token, truth: (truth, name))
    let scores = try fused?.scores(rows: queries.rows) ?? setup.scorer.scores(queries.data)
    let result = LinearDatamodelingScore(scores: scores, masks: truth.masks, outputs: outputs)
    let control = LinearDatamodelingScore(
      scores: NegativeControl.randomScores(
        queries: scores.rows, trainingExamples: scores.columns),
      masks: truth.masks, outputs: outputs)
    let answer = LDSAnswer(
      EvaluationSettings(
        try setup.description(fusion: fused?.record), truth, token: token), result,
      control: control, fusion: fused?.record)
    return Evaluated(
      answer,
      page: answer.page(queries: [
        .init(answer.settings.method, result.perQuery), .init("random scores", control.perQuery),
      ]))
  }
}
