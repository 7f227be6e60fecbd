import Evaluation
import Foundation
import Influence
import Reports

/// Whether sums of scores predict what retraining on random subsets does.
public struct LDSAnswer: EvaluationAnswer {
  /// What was evaluated, against which truth.
  public let settings: EvaluationSettings
  /// Linear datamodeling score, mean over the queries, and half its 95 % interval.
  public let lds, ldsError: Double
  /// What the noise of the truth allows; absent with one seed.
  public let ceiling: Double?
  /// The same of random scores, which must be near 0.
  public let randomScores, randomScoresError: Double
  /// How the scores were fused; absent when they were not.
  public let fusion: ScoreFile.Fusion?

  package init(
    _ settings: EvaluationSettings, _ result: LinearDatamodelingScore,
    control: LinearDatamodelingScore, fusion: ScoreFile.Fusion?
  ) {
    (self.settings, self.fusion) = (settings, fusion)
    (lds, ldsError, ceiling) = (result.lds, result.ldsError, result.ceiling)
    (randomScores, randomScoresError) = (control.lds, control.ldsError)
  }

  private enum Key: String, CodingKey {
    case lds, ldsError, ceiling, randomScores, randomScoresError, fusion
  }

  /// The fields of `settings` beside the others.
  public init(from decoder: any Decoder) throws {
    settings = try EvaluationSettings(from: decoder)
    let values = try decoder.container(keyedBy: Key.self)
    lds = try values.decode(Double.self, forKey: .lds)
    ldsError = try values.decode(Double.self, forKey: .ldsError)
    ceiling = try values.decodeIfPresent(Double.self, forKey: .ceiling)
    randomScores = try values.decode(Double.self, forKey: .randomScores)
    randomScoresError = try values.decode(Double.self, forKey: .randomScoresError)
    fusion = try values.decodeIfPresent(ScoreFile.Fusion.self, forKey: .fusion)
  }

  /// The fields of `settings` beside the others.
  public func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(lds, forKey: .lds)
    try values.encode(ldsError, forKey: .ldsError)
    try values.encodeIfPresent(ceiling, forKey: .ceiling)
    try values.encode(randomScores, forKey: .randomScores)
    try values.encode(randomScoresError, forKey: .randomScoresError)
    try values.encodeIfPresent(fusion, forKey: .fusion)
  }

  /// For reading.
  public var text: String {
    String(format: "LDS %.4f ± %.4f", lds, ldsError)
      + (ceiling.map { String(format: ", ceiling of the truth %.3f", $0) } ?? "")
      + String(format: "; random scores %+.4f ± %.4f\n", randomScores, randomScoresError)
      + "\(settings.text); \(settings.truth)"
  }

  /// The page without the chart of the queries.
  public var page: AttributionReport { page(queries: nil) }

  /// - Parameter queries: the LDS of each query, by what scored.
  package func page(queries groups: [Histogram.Group]?) -> AttributionReport {
    AttributionReport(
      title: "Do the scores of \(settings.run) predict retraining?",
      summary: "Linear datamodeling score: for each query the rank correlation, over subsets, of "
        + "the sum of scores with the output of models trained on the subset.",
      figures: [
        .init("LDS", withError(lds, ldsError), note: "mean over queries, 95 %"),
        .init(
          "ceiling", ceiling.map { NumberText.fixed($0, decimals: 3) } ?? "unknown",
          note: "what the noise of the truth allows"),
        .init("random scores", withError(randomScores, randomScoresError), note: "must be near 0"),
      ],
      sections: groups.map { [.queries($0)] } ?? [],
      provenance: settings.provenance)
  }
}
