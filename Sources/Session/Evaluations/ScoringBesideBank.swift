import Evaluation
import Influence
import Networks
import Tensors

/// A run's scoring beside the bank of retrained models that is its truth.
struct ScoringBesideBank {
  let setup: ScoringSession
  /// The bank's name.
  let name: String
  let truth: RetrainingBank
  let queries: EvaluationQueries
  /// f of every query under every model: S matrices of M × queries.
  let outputs: [Matrix<Float>]

  /// Opens both, and says which test examples are left out.
  ///
  /// - Parameters:
  ///   - name: the bank; nil: the first design's own.
  ///   - designs: those that the bank may have.
  ///   - token: of sequences the only token that is asked about, from 1; nil: all.
  ///   - truth: the bank where it was read before.
  /// - Throws: `EvaluationError` where there is no bank that suits; errors of the scoring.
  init(
    _ session: Session, bank name: String?, of designs: [SubsetDesign.Kind],
    _ scoring: ScoringRequest, layers: LayerPatterns?, token: Int?,
    truth: RetrainingBank? = nil
  ) throws {
    self.name = try (designs.first ?? .random).bankName(name)
    setup = try ScoringSession(session, scoring, layers: layers)
    self.truth =
      try truth ?? RetrainingBank.named(self.name, of: setup.influence, designs: designs)
    queries = try setup.queries(token: token)
    outputs = try self.truth.outputs(setup.options.outputFunction, of: queries)
  }

  /// The LDS of scores of the queries.
  func lds(_ scores: Matrix<Float>) -> LinearDatamodelingScore {
    LinearDatamodelingScore(scores: scores, masks: truth.masks, outputs: outputs)
  }
}
