import Datasets
import Evaluation
import Foundation
import Reports
import Tensors
import Models
import Runs
import Training

/// `evaluate brittleness`, its fields fixed.
struct BrittlenessAnswer: EvaluationAnswer {
  struct Query: Encodable {
    let id: ExampleID
    let label, predicted: LabelValue
    /// Examples whose removal flips the prediction; nil: no size on the ladder does.
    let smallestFlip, smallestRandomFlip: Int?
  }
  struct Step: Encodable {
    let removed: Int
    let flipped, randomlyFlipped, difference: Double
    let differenceError: Double?
  }

  let settings: EvaluationSettings
  let trainingExamples: Int
  let medianFlip: Int?
  let steps: [Step]
  let queries: [Query]

  init(_ setup: ScoringSetup, bank name: String?, _ options: BrittlenessOptions) throws {
    let (run, data) = (setup.influence.run, setup.influence.data)
    let design = try options.design(setup)
    let path = RetrainingJob.path(run, bank: name ?? BankName.standard(.brittleness))
    let bank = try RetrainingJob(
      run, data: data, design: design, seeds: options.models ?? 3
    ).runInTerminal(to: path, overwrite: options.overwrite)
    let result = try Brittleness(design: bank.design, seeds: bank.seeds, file: path) {
      let logits = bank.logits(subset: $0, seed: $1)
      return (0..<logits.rowCount).map { row in
        let z = (0..<logits.rowLength).map { logits[row * logits.rowLength + $0] }
        return Int32(z.indices.reduce(0) { z[$1] > z[$0] ? $1 : $0 })
      }
    }
    trainingExamples = data.train.count
    medianFlip = result.medianFlip
    steps = result.sizes.indices.map { size in
      let advantage = result.advantage(at: size)
      return Step(
        removed: result.sizes[size], flipped: result.flipped[size],
        randomlyFlipped: result.randomlyFlipped[size], difference: advantage.value,
        differenceError: advantage.error)
    }
    queries = result.queries.map {
      Query(
        id: data.test.ids[$0.row], label: LabelValue(of: $0.row, in: data.test),
        predicted: LabelValue(predicted: $0.predicted, in: data.test),
        smallestFlip: $0.smallestFlip, smallestRandomFlip: $0.smallestRandomFlip)
    }
    settings = try EvaluationSettings(setup, OpenBank(bank, path: path))
  }

  private enum Key: String, CodingKey { case trainingExamples, medianFlip, steps, queries }

  func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(trainingExamples, forKey: .trainingExamples)
    try values.encodeIfPresent(medianFlip, forKey: .medianFlip)
    try values.encode(steps, forKey: .steps)
    try values.encode(queries, forKey: .queries)
  }

  private var stepTable: TextTable {
    var table = TextTable(["removed", "most helpful flip", "random flip", "difference"])
    for step in steps {
      table.append([
        "\(step.removed)", NumberText.percent(step.flipped),
        NumberText.percent(step.randomlyFlipped),
        withError(step.difference, step.differenceError),
      ])
    }
    return table
  }

  private var queryTable: TextTable {
    var table = TextTable(["query", "label", "predicted", "flipped without", "random"])
    for query in queries {
      table.append([
        query.id.description, query.label.text, query.predicted.text,
        query.smallestFlip.map(String.init) ?? "> \(steps.last?.removed ?? 0)",
        query.smallestRandomFlip.map(String.init) ?? "> \(steps.last?.removed ?? 0)",
      ])
    }
    return table
  }

  private var median: String {
    medianFlip.map { "\($0) of \(trainingExamples)" } ?? "more than \(steps.last?.removed ?? 0)"
  }

  var text: String {
    "\(stepTable.text)\n\nmedian of the smallest flips: \(median) training examples\n\n"
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
        + "prediction is flipped when most of \(settings.seeds ?? 0) models predict another class.",
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
