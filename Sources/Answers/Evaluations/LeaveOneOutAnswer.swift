import Datasets
import Evaluation
import Reports

/// Whether scores predict what leaving out single examples does.
public struct LeaveOneOutAnswer: EvaluationAnswer {
  /// What was evaluated, against which truth.
  public let settings: EvaluationSettings
  /// Correlation with the truth, mean over the queries, and half its 95 % interval.
  public let pearson, pearsonError: Double
  /// What the noise of the truth allows; absent with one seed.
  public let pearsonCeiling: Double?
  /// Rank correlation with the truth, mean over the queries, and half its 95 % interval.
  public let spearman, spearmanError: Double
  /// What the noise of the truth allows; absent with one seed.
  public let spearmanCeiling: Double?
  /// The same of random scores.
  public let randomScoresPearson, randomScoresPearsonError: Double
  /// The same of random scores.
  public let randomScoresSpearman, randomScoresSpearmanError: Double
  /// The training examples that were left out one by one.
  public let leftOut: [ExampleID]

  package init(
    _ settings: EvaluationSettings, _ result: LeaveOneOutCorrelation,
    control: LeaveOneOutCorrelation, leftOut: [ExampleID]
  ) {
    (self.settings, self.leftOut) = (settings, leftOut)
    (pearson, pearsonError) = (result.pearson.mean, result.pearson.error)
    (spearman, spearmanError) = (result.spearman.mean, result.spearman.error)
    (pearsonCeiling, spearmanCeiling) = (result.pearson.ceiling, result.spearman.ceiling)
    (randomScoresPearson, randomScoresPearsonError) = (control.pearson.mean, control.pearson.error)
    randomScoresSpearman = control.spearman.mean
    randomScoresSpearmanError = control.spearman.error
  }

  private enum Key: String, CodingKey {
    case pearson, pearsonError, pearsonCeiling, spearman, spearmanError, spearmanCeiling
    case randomScoresPearson, randomScoresPearsonError
    case randomScoresSpearman, randomScoresSpearmanError, leftOut
  }

  /// The fields of `settings` beside the others.
  public init(from decoder: any Decoder) throws {
    settings = try EvaluationSettings(from: decoder)
    let values = try decoder.container(keyedBy: Key.self)
    func number(_ key: Key) throws -> Double { try values.decode(Double.self, forKey: key) }
    (pearson, pearsonError) = (try number(.pearson), try number(.pearsonError))
    (spearman, spearmanError) = (try number(.spearman), try number(.spearmanError))
    pearsonCeiling = try values.decodeIfPresent(Double.self, forKey: .pearsonCeiling)
    spearmanCeiling = try values.decodeIfPresent(Double.self, forKey: .spearmanCeiling)
    randomScoresPearson = try number(.randomScoresPearson)
    randomScoresPearsonError = try number(.randomScoresPearsonError)
    randomScoresSpearman = try number(.randomScoresSpearman)
    randomScoresSpearmanError = try number(.randomScoresSpearmanError)
    leftOut = try values.decode([ExampleID].self, forKey: .leftOut)
  }

  /// The fields of `settings` beside the others.
  public func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(pearson, forKey: .pearson)
    try values.encode(pearsonError, forKey: .pearsonError)
    try values.encodeIfPresent(pearsonCeiling, forKey: .pearsonCeiling)
    try values.encode(spearman, forKey: .spearman)
    try values.encode(spearmanError, forKey: .spearmanError)
    try values.encodeIfPresent(spearmanCeiling, forKey: .spearmanCeiling)
    try values.encode(randomScoresPearson, forKey: .randomScoresPearson)
    try values.encode(randomScoresPearsonError, forKey: .randomScoresPearsonError)
    try values.encode(randomScoresSpearman, forKey: .randomScoresSpearman)
    try values.encode(randomScoresSpearmanError, forKey: .randomScoresSpearmanError)
    try values.encode(leftOut, forKey: .leftOut)
  }

  private var table: TextTable {
    var table = TextTable(["correlation", "scores", "random scores", "ceiling of the truth"])
    table.append([
      "Pearson", withError(pearson, pearsonError),
      withError(randomScoresPearson, randomScoresPearsonError), ceiling(pearsonCeiling) ?? "",
    ])
    table.append([
      "Spearman", withError(spearman, spearmanError),
      withError(randomScoresSpearman, randomScoresSpearmanError), ceiling(spearmanCeiling) ?? "",
    ])
    return table
  }

  private func ceiling(_ value: Double?) -> String? {
    value.map { NumberText.fixed($0, decimals: 3) }
  }

  /// For reading.
  public var text: String {
    "\(table.text)\n\(settings.text); truth: \(leftOut.count) examples left out one by one, "
      + "\(settings.seeds ?? 0) seeds"
  }

  /// The page without the chart of the queries.
  public var page: AttributionReport { page(queries: nil) }

  /// - Parameter queries: the correlation of each query, by what scored.
  package func page(queries groups: [Histogram.Group]?) -> AttributionReport {
    let chart = groups.map {
      ReportSection.queries(
        Histogram(
          title: "Correlation of each query", x: ChartAxis("correlation over left-out examples"),
          groups: $0))
    }
    return AttributionReport(
      title: "Do the scores of \(settings.run) predict leaving out one example?",
      summary: "For each query the correlation, over \(leftOut.count) left-out training examples, "
        + "of the score with the fall of the output when a model is trained without the example.",
      figures: [
        .init("Pearson", withError(pearson, pearsonError)),
        .init("Spearman", withError(spearman, spearmanError)),
        .init(
          "ceiling", ceiling(spearmanCeiling) ?? "unknown",
          note: "what the noise of the truth allows (Spearman)"),
      ],
      sections: [ReportSection("Means over the queries", .tables([ReportTable(table)]))]
        + (chart.map { [$0] } ?? []),
      notes: [
        "One example's effect is small beside the noise of training; the ceiling says how much of "
          + "the truth is signal."
      ],
      provenance: settings.provenance)
  }
}
