import Evaluation
import Reports

/// Whether scores that should know nothing come out at chance.
public struct RandomizedAnswer: EvaluationAnswer {
  /// Scores that should know nothing.
  public struct Control: Codable, Equatable, Sendable {
    /// Which.
    public let control: NegativeControl
    /// Their LDS, and half its 95 % interval.
    public let lds, ldsError: Double
    /// 95 % of chance lies within ± this.
    public let chanceRange: Double
    /// `chance`, or `none` where chance is not the expectation.
    public let expectation: String
    /// Where the LDS lies.
    public let verdict: ControlVerdict
    /// Whether it lies at chance; absent where chance is not the expectation.
    public let passed: Bool?

    package init(
      _ control: NegativeControl, _ score: LinearDatamodelingScore, chanceRange: Double
    ) {
      (self.control, self.chanceRange) = (control, chanceRange)
      (lds, ldsError) = (score.lds, score.ldsError)
      verdict = ControlVerdict(score.lds, chanceRange: chanceRange)
      expectation = control.expectsChance ? "chance" : "none"
      passed = control.expectsChance ? verdict == .chance : nil
    }
  }

  /// What was evaluated, against which truth.
  public let settings: EvaluationSettings
  /// The LDS of the run's own scores, and half its 95 % interval.
  public let lds, ldsError: Double
  /// What the noise of the truth allows; absent with one seed.
  public let ceiling: Double?
  /// The controls.
  public let controls: [Control]

  package init(
    _ settings: EvaluationSettings, _ own: LinearDatamodelingScore, controls: [Control]
  ) {
    (self.settings, self.controls) = (settings, controls)
    (lds, ldsError, ceiling) = (own.lds, own.ldsError, own.ceiling)
  }

  private enum Key: String, CodingKey { case lds, ldsError, ceiling, controls }

  /// The fields of `settings` beside the others.
  public init(from decoder: any Decoder) throws {
    settings = try EvaluationSettings(from: decoder)
    let values = try decoder.container(keyedBy: Key.self)
    lds = try values.decode(Double.self, forKey: .lds)
    ldsError = try values.decode(Double.self, forKey: .ldsError)
    ceiling = try values.decodeIfPresent(Double.self, forKey: .ceiling)
    controls = try values.decode([Control].self, forKey: .controls)
  }

  /// The fields of `settings` beside the others.
  public func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(lds, forKey: .lds)
    try values.encode(ldsError, forKey: .ldsError)
    try values.encodeIfPresent(ceiling, forKey: .ceiling)
    try values.encode(controls, forKey: .controls)
  }

  private var table: TextTable {
    var table = TextTable(["scores", "LDS", "by chance", "expected", "verdict"])
    table.append(["the run's", withError(lds, ldsError), "", "", ""])
    for control in controls {
      let words: [ControlVerdict: String] = [
        .chance: "at chance", .aboveChance: "above chance", .belowChance: "below chance",
      ]
      let word = words[control.verdict] ?? ""
      table.append([
        control.control.rawValue, withError(control.lds, control.ldsError),
        "± " + NumberText.fixed(control.chanceRange, decimals: 3),
        control.expectation == "chance" ? "0" : "no expectation",
        control.passed.map { $0 ? "passed: \(word)" : "FAILED: \(word)" } ?? "measured: \(word)",
      ])
    }
    return table
  }

  private var remark: String {
    let untrained =
      "randomizedWeights may lie above 0: the kernel of an untrained network is a similarity of "
      + "the inputs, used with the true labels. "
    return (controls.contains { $0.expectation == "none" } ? untrained : "")
      + "By chance: 95 % of random assignments of outputs to subsets lie within; "
      + "one control in twenty lies outside by accident."
  }

  /// For reading.
  public var text: String {
    "\(table.text)\n\(remark)\n\(settings.text); \(settings.truth)"
  }

  /// The page without the chart of the queries.
  public var page: AttributionReport { page(queries: nil) }

  /// - Parameter queries: the LDS of each query, by what scored.
  package func page(queries groups: [Histogram.Group]?) -> AttributionReport {
    AttributionReport(
      title: "Do scores that know nothing come out at chance?",
      summary: "The LDS of negative controls beside that of the scores of \(settings.run).",
      figures: [.init("LDS", withError(lds, ldsError), note: "the run's scores")]
        + controls.map {
          .init(
            $0.control.rawValue, withError($0.lds, $0.ldsError),
            note: $0.expectation == "chance"
              ? "chance: ± " + NumberText.fixed($0.chanceRange, decimals: 3) : "no expectation")
        },
      sections: [ReportSection("Controls", .tables([ReportTable(table)]))]
        + (groups.map { [.queries($0)] } ?? []),
      notes: [remark], provenance: settings.provenance)
  }
}
