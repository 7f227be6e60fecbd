import Datasets
import Evaluation
import Reports

/// How few helpful examples must go for a prediction to flip.
public struct BrittlenessAnswer: EvaluationAnswer {
  /// One query.
  public struct Query: Codable, Equatable, Sendable {
    /// The test example.
    public let id: ExampleID
    /// Its label.
    public let label: LabelValue
    /// What models of the whole training set predict; absent for whole sequences.
    public let predicted: LabelValue?
    /// Examples whose removal flips the prediction, the most helpful and random ones; absent where
    /// no size on the ladder does.
    public let smallestFlip, smallestRandomFlip: Int?
  }
  /// One number of examples removed.
  public struct Step: Codable, Equatable, Sendable {
    /// The number.
    public let removed: Int
    /// Share of the queries that flip without the most helpful and without random examples, and
    /// the difference.
    public let flipped, randomlyFlipped, difference: Double
    /// Half the 95 % interval of the difference; absent for one query.
    public let differenceError: Double?
    /// Mean loss a token of the queries, the most helpful or random ones removed; sequences alone.
    public let loss, randomLoss: Double?
  }

  /// What ranked, and the bank.
  public let settings: EvaluationSettings
  /// Number of training examples.
  public let trainingExamples: Int
  /// Median of the queries' smallest flips; absent where half of them do not flip.
  public let medianFlip: Int?
  /// By number removed.
  public let steps: [Step]
  /// By query.
  public let queries: [Query]
  /// How far the loss of a whole sequence must rise to count as flipped, as a share; absent for
  /// others.
  public let rise: Double?

  /// - Parameters:
  ///   - losses: by number removed, of sequences.
  ///   - rise: of whole sequences.
  package init(
    _ settings: EvaluationSettings, _ result: Brittleness, of data: SplitData,
    _ asked: EvaluationQueries, losses: [Int: (top: Double, random: Double)], rise: Double?
  ) {
    (self.settings, self.rise) = (settings, rise)
    trainingExamples = data.train.count
    medianFlip = result.medianFlip
    steps = result.sizes.indices.map { size in
      let advantage = result.advantage(at: size)
      return Step(
        removed: result.sizes[size], flipped: result.flipped[size],
        randomlyFlipped: result.randomlyFlipped[size], difference: advantage.value,
        differenceError: advantage.error, loss: losses[result.sizes[size]]?.top,
        randomLoss: losses[result.sizes[size]]?.random)
    }
    queries = result.queries.map {
      Query(
        id: data.test.ids[$0.row],
        label: LabelValue(of: $0.row, token: asked.token, in: data.test),
        predicted: LabelValue(predicted: $0.predicted, token: asked.token, in: data.test),
        smallestFlip: $0.smallestFlip, smallestRandomFlip: $0.smallestRandomFlip)
    }
  }

  private enum Key: String, CodingKey { case trainingExamples, medianFlip, rise, steps, queries }

  /// The fields of `settings` beside the others.
  public init(from decoder: any Decoder) throws {
    settings = try EvaluationSettings(from: decoder)
    let values = try decoder.container(keyedBy: Key.self)
    trainingExamples = try values.decode(Int.self, forKey: .trainingExamples)
    medianFlip = try values.decodeIfPresent(Int.self, forKey: .medianFlip)
    rise = try values.decodeIfPresent(Double.self, forKey: .rise)
    steps = try values.decode([Step].self, forKey: .steps)
    queries = try values.decode([Query].self, forKey: .queries)
  }

  /// The fields of `settings` beside the others.
  public func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(trainingExamples, forKey: .trainingExamples)
    try values.encodeIfPresent(medianFlip, forKey: .medianFlip)
    try values.encodeIfPresent(rise, forKey: .rise)
    try values.encode(steps, forKey: .steps)
    try values.encode(queries, forKey: .queries)
  }

  private var stepTable: TextTable {
    let hasLosses = steps.contains { $0.loss != nil }
    var table = TextTable(
      ["removed", "most helpful flip", "random flip", "difference"]
        + (hasLosses ? ["loss a token", "random"] : []))
    for step in steps {
      table.append(
        [
          "\(step.removed)", NumberText.percent(step.flipped),
          NumberText.percent(step.randomlyFlipped),
          withError(step.difference, step.differenceError),
        ]
          + [step.loss, step.randomLoss].compactMap { $0 }.map { NumberText.fixed($0, decimals: 4) }
      )
    }
    return table
  }

  private var queryTable: TextTable {
    var table = TextTable(["query", "label", "predicted", "flipped without", "random"])
    for query in queries {
      table.append([
        query.id.description, query.label.text, query.predicted?.text ?? "",
        query.smallestFlip.map(String.init) ?? "> \(steps.last?.removed ?? 0)",
        query.smallestRandomFlip.map(String.init) ?? "> \(steps.last?.removed ?? 0)",
      ])
    }
    return table
  }

  private var median: String {
    medianFlip.map { "\($0) of \(trainingExamples)" } ?? "more than \(steps.last?.removed ?? 0)"
  }

  /// What a flip is of whole sequences, which predict no one class.
  private func meaning(_ rise: Double) -> String {
    "passage counts as flipped when most of \(settings.seeds ?? 0) models have a mean loss a token of "
      + "more than \(NumberText.percent(rise)) above that of the models of all examples"
  }

  /// For reading.
  public var text: String {
    (rise.map { "a \(meaning($0))\n" } ?? "")
      + "\(stepTable.text)\n\nmedian of the smallest flips: \(median) training examples\n\n"
      + "\(queryTable.text)\n\(settings.text); \(settings.seeds ?? 0) models vote"
  }

  /// The page.
  public var page: AttributionReport {
    let chart = LineChart(
      title: "Predictions flipped", x: ChartAxis("training examples removed"),
      y: ChartAxis("share of the queries", bounds: 0...1, format: .percent),
      series: [
        .init(
          "most helpful removed",
          [.init(0, 0)] + steps.map { .init(Double($0.removed), $0.flipped) }),
        .init(
          "random removed",
          [.init(0, 0)] + steps.map { .init(Double($0.removed), $0.randomlyFlipped) },
          style: .reference),
      ])
    return AttributionReport(
      title: "How few examples carry the predictions of \(settings.run)?",
      summary: "For each query, models trained without its most helpful training examples; a "
        + (rise.map { meaning($0) + "." }
          ?? "prediction is flipped when most of \(settings.seeds ?? 0) models predict another "
          + (settings.token == nil ? "class." : "token.")),
      figures: [.init("median of the smallest flips", median, note: "training examples")],
      sections: [
        ReportSection(
          "Flips by number removed",
          .charts([ReportChart(svg: chart.svg())])),
        ReportSection(
          "Figures",
          introduction: "Differences are paired by query; intervals are 95 %, Student's t.",
          .tables([
            ReportTable(title: "By number removed", stepTable),
            ReportTable(title: "By query", queryTable),
          ])),
      ],
      provenance: settings.provenance)
  }
}
