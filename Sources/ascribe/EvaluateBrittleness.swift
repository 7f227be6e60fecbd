import Datasets
import Evaluation
import Foundation
import Reports
import Tensors
import Training

/// `evaluate brittleness`, its fields fixed.
struct BrittlenessAnswer: EvaluationAnswer {
  struct Query: Encodable {
    let id: ExampleID
    let label: LabelValue
    /// Absent for whole sequences.
    let predicted: LabelValue?
    /// Examples whose removal flips the prediction; nil: no size on the ladder does.
    let smallestFlip, smallestRandomFlip: Int?
  }
  struct Step: Encodable {
    let removed: Int
    let flipped, randomlyFlipped, difference: Double
    let differenceError: Double?
    /// Mean loss a token of the queries, the most helpful or random ones removed; sequences alone.
    let loss, randomLoss: Double?
  }

  let settings: EvaluationSettings
  let trainingExamples: Int
  let medianFlip: Int?
  let steps: [Step]
  let queries: [Query]
  /// How far the loss of a whole sequence must rise to count as flipped, as a share; nil for
  /// others.
  let rise: Double?

  init(
    _ setup: ScoringSetup, _ asked: EvaluationQueries, bank name: String?,
    _ options: BrittlenessOptions
  ) throws {
    let (run, data) = (setup.influence.run, setup.influence.data)
    let design = try options.design(setup, asked)
    let path = RetrainingJob.path(run, bank: name ?? BankName.standard(.brittleness))
    let bank = try RetrainingJob(
      run, data: data, design: design, seeds: options.models ?? 3,
      keepsTokens: asked.token == nil ? nil : true
    ).runInTerminal(to: path, overwrite: options.overwrite)
    let asks = try EvaluationQueries(data.test, token: asked.token, rows: bank.design.queries)
    let predictions = try bank.predictions(of: asks, rise: options.standingRise)
    let result = try Brittleness(design: bank.design, seeds: bank.seeds, file: path) {
      predictions[$0 * bank.seeds + $1]
    }
    let losses = setup.influence.isSequence ? try bank.lossesByRemoval(of: asks) : [:]
    rise = setup.influence.isSequence && asked.token == nil ? options.standingRise : nil
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
    settings = try EvaluationSettings(setup, OpenBank(bank, path: path), token: asked.token)
  }

  private enum Key: String, CodingKey { case trainingExamples, medianFlip, rise, steps, queries }

  func encode(to encoder: any Encoder) throws {
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

  var text: String {
    (rise.map { "a \(meaning($0))\n" } ?? "")
      + "\(stepTable.text)\n\nmedian of the smallest flips: \(median) training examples\n\n"
      + "\(queryTable.text)\n\(settings.text); \(settings.seeds ?? 0) models vote"
  }

  var page: AttributionReport {
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
