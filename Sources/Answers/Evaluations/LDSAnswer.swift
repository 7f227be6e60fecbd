import Evaluation
import Foundation
import Influence
import Reports
import Runs

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
  /// Of the run itself without some examples, where `lds` is the rank correlation within each query.
  ///
  /// The share that was taken away, the mean rank correlation, the slope of observed on predicted
  /// changes, pooled, and the training's smoothness. Absent for models of other seeds.
  public let removed, spearman, slope, smoothness: Double?

  package init(
    _ settings: EvaluationSettings, _ result: LinearDatamodelingScore,
    control: LinearDatamodelingScore, fusion: ScoreFile.Fusion?
  ) {
    (self.settings, self.fusion) = (settings, fusion)
    (lds, ldsError, ceiling) = (result.lds, result.ldsError, result.ceiling)
    (randomScores, randomScoresError) = (control.lds, control.ldsError)
    (removed, spearman, slope, smoothness) = (nil, nil, nil, nil)
  }

  /// Against the run itself.
  package init(
    _ settings: EvaluationSettings, sameRun result: SameRunCorrelation,
    control: SameRunCorrelation, removed: Double, smoothness: TrainingSmoothness
  ) {
    (self.settings, fusion, ceiling) = (settings, nil, result.spearman.ceiling)
    (lds, ldsError) = (result.spearman.mean, result.spearman.error)
    (randomScores, randomScoresError) = (control.spearman.mean, control.spearman.error)
    (self.removed, spearman, slope) = (removed, result.spearman.mean, result.slope)
    self.smoothness = smoothness.correlation
  }

  private enum Key: String, CodingKey {
    case lds, ldsError, ceiling, randomScores, randomScoresError, fusion
    case removed, spearman, slope, smoothness
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
    removed = try values.decodeIfPresent(Double.self, forKey: .removed)
    spearman = try values.decodeIfPresent(Double.self, forKey: .spearman)
    slope = try values.decodeIfPresent(Double.self, forKey: .slope)
    smoothness = try values.decodeIfPresent(Double.self, forKey: .smoothness)
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
    try values.encodeIfPresent(removed, forKey: .removed)
    try values.encodeIfPresent(spearman, forKey: .spearman)
    try values.encodeIfPresent(slope, forKey: .slope)
    try values.encodeIfPresent(smoothness, forKey: .smoothness)
  }

  /// For reading.
  public var text: String {
    if let removed, let slope, let smoothness {
      return String(
        format:
          "this run without a random %.1f %%: rank correlation %.4f ± %.4f, slope of observed "
          + "on predicted %.3f, smoothness %.3f; random scores %+.4f ± %.4f\n", 100 * removed, lds,
        ldsError, slope, smoothness, randomScores, randomScoresError)
        + "\(settings.text); \(settings.truth)"
    }
    return String(format: "LDS %.4f ± %.4f", lds, ldsError)
      + (ceiling.map { String(format: ", ceiling of the truth %.3f", $0) } ?? "")
      + String(format: "; random scores %+.4f ± %.4f\n", randomScores, randomScoresError)
      + "\(settings.text); \(settings.truth)"
  }

  /// The page without the chart of the queries.
  public var page: AttributionReport { page(queries: nil) }

  /// - Parameter queries: the LDS of each query, by what scored.
  package func page(queries groups: [Histogram.Group]?) -> AttributionReport {
    if let removed, let slope, let smoothness {
      return sameRunPage(groups, removed: removed, slope: slope, smoothness: smoothness)
    }
    return AttributionReport(
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
  private func sameRunPage(
    _ groups: [Histogram.Group]?, removed: Double, slope: Double, smoothness: Double
  ) -> AttributionReport {
    AttributionReport(
      title: "Do the scores of \(settings.run) predict this very run without some examples?",
      summary: "The run was made again, same seed, order and draws, with the weights of random "
        + "examples at 0. For each query: the rank correlation, over removals, of minus the sum of "
        + "their scores with the change of its output. Another question than models of other seeds.",
      figures: [
        .init("rank correlation", withError(lds, ldsError), note: "mean over queries, 95 %"),
        .init("slope", NumberText.fixed(slope, decimals: 3), note: "observed on predicted"),
        .init(
          "removed", NumberText.fixed(100 * removed, decimals: 1) + " %",
          note: "of the training set"),
        .init(
          "smoothness", NumberText.fixed(smoothness, decimals: 3),
          note: "1: the first order holds that far"),
        .init("random scores", withError(randomScores, randomScoresError), note: "must be near 0"),
      ],
      sections: groups.map { [.queries($0)] } ?? [],
      provenance: settings.provenance)
  }
}
