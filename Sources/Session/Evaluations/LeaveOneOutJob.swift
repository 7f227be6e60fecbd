import Answers
import Evaluation
import Influence
import Networks

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
    let name = try SubsetDesign.Kind.leaveOneOut.bankName(bank)
    let setup = try ScoringSession(session, scoring, layers: layers)
    let data = setup.influence.data
    let truth = try RetrainingBank.named(name, of: setup.influence, designs: [.leaveOneOut])
    let queries = try setup.queries(token: token)
    let outputs = try truth.outputs(setup.options.outputFunction, of: queries)
    let scores = try setup.scorer.scores(queries.data)
    let result = try LeaveOneOutCorrelation(
      scores: scores, design: truth.design, outputs: outputs, file: truth.path)
    let control = try LeaveOneOutCorrelation(
      scores: NegativeControl.randomScores(
        queries: scores.rows, trainingExamples: scores.columns),
      design: truth.design, outputs: outputs, file: truth.path)
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
