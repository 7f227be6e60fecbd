import Datasets
import Evaluation
import Foundation
import Reports

/// `evaluate loo`, its fields fixed.
struct LeaveOneOutAnswer: EvaluationAnswer {
  let settings: EvaluationSettings
  let result, control: LeaveOneOutCorrelation
  let ids: [ExampleID]

  init(_ setup: ScoringSetup, _ queries: EvaluationQueries, bank name: String?) throws {
    let open = try OpenBank(name, of: setup.influence, designs: [.leaveOneOut])
    let (data, design) = (setup.influence.data, open.bank.design)
    let outputs = try open.bank.outputs(setup.options.outputFunction, of: queries)
    let scores = try setup.scorer.scores(queries.data)
    result = try LeaveOneOutCorrelation(
      scores: scores, design: design, outputs: outputs, file: open.path)
    control = try LeaveOneOutCorrelation(
      scores: NegativeControl.randomScores(
        queries: scores.rows, trainingExamples: scores.columns),
      design: design, outputs: outputs, file: open.path)
    ids = result.rows.map { data.train.ids[$0] }
    settings = try EvaluationSettings(setup, open, token: queries.token)
  }

  private enum Key: String, CodingKey {
    case pearson, pearsonError, pearsonCeiling, spearman, spearmanError, spearmanCeiling
    case randomScoresPearson, randomScoresPearsonError
    case randomScoresSpearman, randomScoresSpearmanError, leftOut
  }

  func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(result.pearson.mean, forKey: .pearson)
    try values.encode(result.pearson.error, forKey: .pearsonError)
    try values.encodeIfPresent(result.pearson.ceiling, forKey: .pearsonCeiling)
    try values.encode(result.spearman.mean, forKey: .spearman)
    try values.encode(result.spearman.error, forKey: .spearmanError)
    try values.encodeIfPresent(result.spearman.ceiling, forKey: .spearmanCeiling)
    try values.encode(control.pearson.mean, forKey: .randomScoresPearson)
    try values.encode(control.pearson.error, forKey: .randomScoresPearsonError)
    try values.encode(control.spearman.mean, forKey: .randomScoresSpearman)
    try values.encode(control.spearman.error, forKey: .randomScoresSpearmanError)
    try values.encode(ids, forKey: .leftOut)
  }

  private var table: TextTable {
    var table = TextTable(["correlation", "scores", "random scores", "ceiling of the truth"])
    for (name, scores, random) in [
      ("Pearson", result.pearson, control.pearson),
      ("Spearman", result.spearman, control.spearman),
    ] {
      table.append([
        name, withError(scores.mean, scores.error), withError(random.mean, random.error),
        scores.ceiling.map { NumberText.fixed($0, decimals: 3) } ?? "",
      ])
    }
    return table
  }

  var text: String {
    "\(table.text)\n\(settings.text); truth: \(ids.count) examples left out one by one, "
      + "\(settings.seeds ?? 0) seeds"
  }

  var page: AttributionReport {
    let histogram = Histogram(
      title: "Correlation of each query", x: ChartAxis("correlation over left-out examples"),
      groups: [
        .init("Pearson", result.pearson.perQuery), .init("Spearman", result.spearman.perQuery),
        .init("random scores, Spearman", control.spearman.perQuery),
      ])
    return AttributionReport(
      title: "Do the scores of \(settings.run) predict leaving out one example?",
      summary: "For each query the correlation, over \(ids.count) left-out training examples, of "
        + "the score with the fall of the output when a model is trained without the example.",
      figures: [
        .init("Pearson", withError(result.pearson.mean, result.pearson.error)),
        .init("Spearman", withError(result.spearman.mean, result.spearman.error)),
        .init(
          "ceiling", result.spearman.ceiling.map { NumberText.fixed($0, decimals: 3) } ?? "unknown",
          note: "what the noise of the truth allows (Spearman)"),
      ],
      sections: [
        ReportSection("Means over the queries", .tables([ReportTable(table)])),
        ReportSection("Queries", .charts([ReportChart(svg: histogram.svg())])),
      ],
      notes: [
        "One example's effect is small beside the noise of training; the ceiling says how much of "
          + "the truth is signal."
      ],
      provenance: settings.provenance)
  }
}
