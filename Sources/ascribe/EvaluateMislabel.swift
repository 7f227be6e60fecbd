import Curation
import Evaluation
import Foundation
import Influence
import Reports
import Tensors
import Training

/// `evaluate mislabel`, its fields fixed.
struct MislabelAnswer: EvaluationAnswer {
  struct Row: Encodable {
    let signal: String
    let rocAUC, rocAUCError, averagePrecision, averagePrecisionError: Double
    let foundIn5Percent, foundIn10Percent, foundIn20Percent: Double
  }

  let settings: EvaluationSettings
  let planted, trainingExamples: Int
  let rows: [Row]
  let leftOut: [String]
  private let curves: [LineChart.Series]

  init(_ setup: ScoringSetup, _ method: MethodOptions) throws {
    let influence = setup.influence
    let flipped = influence.data.train.flipped
    planted = flipped.count { $0 }
    trainingExamples = flipped.count
    guard !influence.isSequence else {
      throw EvaluationError.notDefined(
        kind: "mislabel", reason: "sequences have no labels that could be wrong",
        run: influence.run.name, remedy: "use a run whose examples have classes")
    }
    guard planted > 0, planted < trainingExamples else {
      throw EvaluationError.notDefined(
        kind: "mislabel", reason: "no training label was flipped, so there is nothing to find",
        run: influence.run.name,
        remedy: "plant some in the run file: data.flip: {fraction: 0.1, seed: 0}")
    }
    let job = MislabelJob(influence, seeds: try method.seedList())
    var rows: [Row] = []
    var curves: [LineChart.Series] = []
    var leftOut: [String] = []
    func add(_ name: String, _ suspicion: [Float]) {
      guard let metrics = DetectionMetrics(suspicion: suspicion, planted: flipped) else { return }
      let errors = DetectionErrors(suspicion: suspicion, planted: flipped)
      rows.append(
        Row(
          signal: name, rocAUC: metrics.rocAUC, rocAUCError: errors.rocAUC,
          averagePrecision: metrics.averagePrecision,
          averagePrecisionError: errors.averagePrecision,
          foundIn5Percent: metrics.foundIn5Percent, foundIn10Percent: metrics.foundIn10Percent,
          foundIn20Percent: metrics.foundIn20Percent))
      let curve = DetectionMetrics.curve(suspicion: suspicion, planted: flipped)
      let steps = max(1, flipped.count / 400)
      curves.append(
        LineChart.Series(
          name,
          curve.enumerated().filter { $0.offset % steps == 0 || $0.offset == flipped.count }.map {
            .init(Double($0.offset) / Double(flipped.count), $0.element)
          }))
    }
    for signal in MislabelRanking.Signal.allCases {
      do {
        let ranking = try job.ranking(
          by: signal, try method.request(),
          scorer: signal == .selfInfluence ? setup.scorer : nil)
        add(signal.rawValue, ranking.suspicion)
      } catch let error as InfluenceError {
        leftOut.append(signal.rawValue)
        Console.line("note: \(signal.rawValue) is left out: \(error.what)")
      } catch TrainingError.missingPart(let what, _, _) {
        leftOut.append(signal.rawValue)
        Console.line("note: \(signal.rawValue) is left out: the run has no \(what)")
      }
    }
    add(
      NegativeControl.randomScores.rawValue,
      NegativeControl.randomScores(queries: 1, trainingExamples: flipped.count).row(0))
    (self.rows, self.curves, self.leftOut) = (rows, curves, leftOut)
    settings = try EvaluationSettings(setup)
  }

  private enum Key: String, CodingKey { case planted, trainingExamples, signals, leftOut }

  func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(planted, forKey: .planted)
    try values.encode(trainingExamples, forKey: .trainingExamples)
    try values.encode(rows, forKey: .signals)
    try values.encode(leftOut, forKey: .leftOut)
  }

  private var table: TextTable {
    var table = TextTable([
      "signal", "ROC AUC", "average precision", "found in 5 %", "in 10 %", "in 20 %",
    ])
    for row in rows {
      table.append([
        row.signal, withError(row.rocAUC, row.rocAUCError, decimals: 4),
        withError(row.averagePrecision, row.averagePrecisionError),
        NumberText.percent(row.foundIn5Percent), NumberText.percent(row.foundIn10Percent),
        NumberText.percent(row.foundIn20Percent),
      ])
    }
    return table
  }

  var text: String {
    "\(planted) of \(trainingExamples) labels are planted errors; 95 % intervals\n\(table.text)\n"
      + "selfInfluence: \(settings.text)"
  }

  var page: AttributionReport {
    let share = Double(planted) / Double(trainingExamples)
    let chart = LineChart.detection(
      title: "Planted errors found", curves: curves, wantedFraction: share)
    return AttributionReport(
      title: "Which signal finds the wrong labels of \(settings.run)?",
      summary: "\(planted) of \(trainingExamples) training labels were flipped on purpose.",
      sections: [
        ReportSection("Found against inspected", .charts([ReportChart(svg: chart.svg())])),
        ReportSection(
          "Figures", introduction: "1 is a perfect ROC AUC, 0.5 chance.",
          .tables([ReportTable(table)])),
      ],
      notes: leftOut.isEmpty ? [] : ["left out: \(leftOut.joined(separator: ", "))"],
      provenance: settings.provenance)
  }
}
