import Evaluation
import Reports

/// How well each signal of suspicion finds labels that were flipped on purpose.
public struct MislabelEvaluationAnswer: EvaluationAnswer {
  /// One signal.
  public struct Row: Codable, Equatable, Sendable {
    /// Its name; `randomScores` of random suspicion.
    public let signal: String
    /// 1 is perfect, ½ chance; and half the 95 % interval.
    public let rocAUC, rocAUCError: Double
    /// Average precision, and half its 95 % interval.
    public let averagePrecision, averagePrecisionError: Double
    /// Share of the planted errors among the most suspect.
    public let foundIn5Percent, foundIn10Percent, foundIn20Percent: Double

    package init(_ signal: String, _ metrics: DetectionMetrics, _ errors: DetectionErrors) {
      self.signal = signal
      (rocAUC, rocAUCError) = (metrics.rocAUC, errors.rocAUC)
      averagePrecision = metrics.averagePrecision
      averagePrecisionError = errors.averagePrecision
      foundIn5Percent = metrics.foundIn5Percent
      foundIn10Percent = metrics.foundIn10Percent
      foundIn20Percent = metrics.foundIn20Percent
    }
  }

  /// What scored, for the signal `selfInfluence`.
  public let settings: EvaluationSettings
  /// Labels that were flipped, of how many.
  public let planted, trainingExamples: Int
  /// The signals.
  public let signals: [Row]
  /// Signals that the run does not have.
  public let leftOut: [String]

  package init(
    _ settings: EvaluationSettings, planted: Int, trainingExamples: Int, signals: [Row],
    leftOut: [String]
  ) {
    (self.settings, self.signals, self.leftOut) = (settings, signals, leftOut)
    (self.planted, self.trainingExamples) = (planted, trainingExamples)
  }

  private enum Key: String, CodingKey { case planted, trainingExamples, signals, leftOut }

  /// The fields of `settings` beside the others.
  public init(from decoder: any Decoder) throws {
    settings = try EvaluationSettings(from: decoder)
    let values = try decoder.container(keyedBy: Key.self)
    planted = try values.decode(Int.self, forKey: .planted)
    trainingExamples = try values.decode(Int.self, forKey: .trainingExamples)
    signals = try values.decode([Row].self, forKey: .signals)
    leftOut = try values.decode([String].self, forKey: .leftOut)
  }

  /// The fields of `settings` beside the others.
  public func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(planted, forKey: .planted)
    try values.encode(trainingExamples, forKey: .trainingExamples)
    try values.encode(signals, forKey: .signals)
    try values.encode(leftOut, forKey: .leftOut)
  }

  private var table: TextTable {
    var table = TextTable([
      "signal", "ROC AUC", "average precision", "found in 5 %", "in 10 %", "in 20 %",
    ])
    for row in signals {
      table.append([
        row.signal, withError(row.rocAUC, row.rocAUCError, decimals: 4),
        withError(row.averagePrecision, row.averagePrecisionError),
        NumberText.percent(row.foundIn5Percent), NumberText.percent(row.foundIn10Percent),
        NumberText.percent(row.foundIn20Percent),
      ])
    }
    return table
  }

  /// For reading.
  public var text: String {
    "\(planted) of \(trainingExamples) labels are planted errors; 95 % intervals\n\(table.text)\n"
      + "selfInfluence: \(settings.text)"
  }

  /// The page without the chart of what is found.
  public var page: AttributionReport { page(curves: nil) }

  /// - Parameter curves: what each signal finds, as shares of the examples inspected and of the
  ///   planted ones found.
  package func page(curves: [LineChart.Series]?) -> AttributionReport {
    let chart = curves.map {
      LineChart.detection(
        title: "Planted errors found", curves: $0,
        wantedFraction: Double(planted) / Double(trainingExamples))
    }
    let found = chart.map {
      ReportSection("Found against inspected", .charts([ReportChart(svg: $0.svg())]))
    }
    return AttributionReport(
      title: "Which signal finds the wrong labels of \(settings.run)?",
      summary: "\(planted) of \(trainingExamples) training labels were flipped on purpose.",
      sections: (found.map { [$0] } ?? []) + [
        ReportSection(
          "Figures", introduction: "1 is a perfect ROC AUC, 0.5 chance.",
          .tables([ReportTable(table)]))
      ],
      notes: leftOut.isEmpty ? [] : ["left out: \(leftOut.joined(separator: ", "))"],
      provenance: settings.provenance)
  }
}
