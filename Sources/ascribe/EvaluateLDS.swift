import Evaluation
import Foundation
import Influence
import Reports

/// `evaluate lds`, its fields fixed.
struct LDSAnswer: EvaluationAnswer {
  let settings: EvaluationSettings
  let result, control: LinearDatamodelingScore
  let fusion: ScoreFile.Fusion?

  init(
    _ setup: ScoringSetup, _ queries: EvaluationQueries, bank name: String?, _ fusing: FuseOptions
  ) throws {
    let open = try OpenBank(name, of: setup.influence, designs: [.random, .list])
    let bank = open.bank
    let outputs = try bank.outputs(setup.options.outputFunction, of: queries)
    let fused = try fusing.scorer(
      setup, token: queries.token, truth: (bank, name ?? BankName.standard(.random)))
    fusion = fused?.record
    let scores =
      try fused?.scores(rows: queries.rows) ?? setup.scorer.scores(queries.data)
    result = LinearDatamodelingScore(scores: scores, masks: bank.masks, outputs: outputs)
    control = LinearDatamodelingScore(
      scores: NegativeControl.randomScores(
        queries: scores.rows, trainingExamples: scores.columns),
      masks: bank.masks, outputs: outputs)
    settings = try EvaluationSettings(setup, open, token: queries.token, fusion: fusion)
  }

  private enum Key: String, CodingKey {
    case lds, ldsError, ceiling, randomScores, randomScoresError, fusion
  }

  func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(result.lds, forKey: .lds)
    try values.encode(result.ldsError, forKey: .ldsError)
    try values.encodeIfPresent(result.ceiling, forKey: .ceiling)
    try values.encode(control.lds, forKey: .randomScores)
    try values.encode(control.ldsError, forKey: .randomScoresError)
    try values.encodeIfPresent(fusion, forKey: .fusion)
  }

  var text: String {
    String(format: "LDS %.4f ± %.4f", result.lds, result.ldsError)
      + (result.ceiling.map { String(format: ", ceiling of the truth %.3f", $0) } ?? "")
      + String(format: "; random scores %+.4f ± %.4f\n", control.lds, control.ldsError)
      + "\(settings.text); \(settings.truth)"
  }

  var page: AttributionReport {
    let histogram = Histogram(
      title: "LDS of each query", x: ChartAxis("Spearman correlation over subsets"),
      groups: [
        .init(settings.method, result.perQuery), .init("random scores", control.perQuery),
      ])
    return AttributionReport(
      title: "Do the scores of \(settings.run) predict retraining?",
      summary: "Linear datamodeling score: for each query the rank correlation, over subsets, of "
        + "the sum of scores with the output of models trained on the subset.",
      figures: [
        .init("LDS", withError(result.lds, result.ldsError), note: "mean over queries, 95 %"),
        .init(
          "ceiling", result.ceiling.map { NumberText.fixed($0, decimals: 3) } ?? "unknown",
          note: "what the noise of the truth allows"),
        .init("random scores", withError(control.lds, control.ldsError), note: "must be near 0"),
      ],
      sections: [ReportSection("Queries", .charts([ReportChart(svg: histogram.svg())]))],
      provenance: settings.provenance)
  }
}
