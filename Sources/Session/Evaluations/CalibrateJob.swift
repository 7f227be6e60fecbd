import Answers
import Evaluation
import Influence
import Networks

/// Gives scores units and intervals, from a bank of retrained models.
public struct CalibrateJob: Sendable {
  /// The bank; nil: `bank`.
  public var bank: String?
  /// Of sequences the only token of each test example that is asked about, from 1; nil: all.
  public var token: Int?
  /// How the scores are made.
  public var scoring: ScoringRequest
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?

  /// The run's own scores from its standard bank, unless told otherwise.
  public init(
    bank: String? = nil, scoring: ScoringRequest = ScoringRequest(), layers: LayerPatterns? = nil
  ) {
    (self.bank, self.scoring, self.layers) = (bank, scoring, layers)
  }

  /// Fits, and writes a file that queries with the same options find.
  ///
  /// - Throws: `EvaluationError` where there is no bank that suits; errors of the scoring.
  public func run(in session: Session) throws -> CalibrationAnswer {
    let name = try SubsetDesign.Kind.random.bankName(bank)
    let setup = try ScoringSession(session, scoring, layers: layers)
    let run = setup.influence.run
    let calibration = try Calibration(
      setup.scorer, bank: name, of: setup.influence, token: token)
    let path = try calibration.save(in: run.folder)
    session.control.note("wrote \(path)")
    return CalibrationAnswer(run.name, path, calibration)
  }
}
