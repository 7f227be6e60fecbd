import Answers
import Evaluation
import Influence
import Networks
import Tensors

/// Whether sums of scores predict what retraining on random subsets does.
public struct LDSJob: Sendable {
  /// The bank that is the truth; nil: `bank`.
  public var bank: String?
  /// The bank to fuse the scores with, of other subsets; nil: none.
  public var fusedWith: String?
  /// Of sequences the only token of each test example that is asked about, from 1; nil: all.
  public var token: Int?
  /// The run itself without some examples as the truth, in place of models of other seeds; nil: of
  /// random subsets.
  public var sameRun: SameRunRequest?
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
    if let sameRun { return try self.sameRun(sameRun, in: session) }
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
  /// Scores all test examples against the run itself without some examples.
  private func sameRun(
    _ request: SameRunRequest, in session: Session
  ) throws -> Evaluated<LDSAnswer> {
    if fusedWith != nil {
      throw EvaluationError.request(
        problem: "a bank of other seeds cannot be fused with scores for this very run",
        field: "‹fuse›", remedy: "leave ‹fuse› or ‹sameRun› out")
    }
    var scoring = scoring
    let name = bank ?? request.bankName
    let influence = try session.influence(layers: layers)
    let truth = try RetrainingBank.named(name, of: influence, designs: [.sameRun])
    // A score for this run is of the seeds that the bank trained again.
    if scoring.seeds == nil { scoring.seeds = Array(influence.run.seeds.prefix(truth.seeds)) }
    let beside = try ScoringBesideBank(
      session, bank: name, of: [.sameRun], scoring, layers: layers, token: token, truth: truth)
    let (setup, queries) = (beside.setup, beside.queries)
    let scores = try setup.scorer.scores(queries.data)
    try setup.explain()
    func correlation(_ scores: Matrix<Float>) -> SameRunCorrelation {
      SameRunCorrelation(scores: scores, masks: beside.truth.masks, outputs: beside.outputs)
    }
    let result = correlation(scores)
    let control = correlation(NegativeControl.randomScores(like: scores))
    let answer = LDSAnswer(
      EvaluationSettings(try setup.description(), beside.truth, token: token), sameRun: result,
      control: control, removed: beside.truth.design.removedFraction,
      smoothness: try setup.influence.smoothness(setup.options.outputFunction))
    return Evaluated(
      answer,
      page: answer.page(queries: [
        .init(answer.settings.method, result.spearman.perQuery),
        .init("random scores", control.spearman.perQuery),
      ]))
  }
}
