import Datasets
import Evaluation
import Foundation
import Influence
import Networks
import Reports
import Tensors

/// `evaluate removal`, its fields fixed.
struct RemovalAnswer: EvaluationAnswer {
  let settings: EvaluationSettings
  let queries: String
  let trainingExamples: Int
  /// Of the mean output of the queries.
  let output: RemovalCurves
  /// Of the share of the queries predicted rightly; classes only.
  let accuracy: RemovalCurves?
  /// Of the mean loss a token; sequences only, which have no one prediction that is right.
  let loss: RemovalCurves?

  init(_ influence: RunInfluence, bank name: String?, _ wanted: String?) throws {
    let open = try OpenBank(name, of: influence, designs: [.removal])
    let (bank, test) = (open.bank, influence.data.test)
    let function =
      wanted.flatMap { OutputFunction(rawValue: $0) }
      ?? (influence.isClassification ? .margin : .prediction)
    guard function.accepts(TargetValues(test.targets)) else {
      throw InfluenceError.notDefined(
        name: "output function \(function.rawValue)",
        reason: "the targets are "
          + (influence.isSequence
            ? "next tokens" : influence.isClassification ? "classes" : "numbers"),
        option: "--output-function")
    }
    let queries = try EvaluationQueries(
      test, token: bank.design.ranking?.token, rows: bank.design.queries)
    func curves(_ values: [[Double]]) throws -> RemovalCurves {
      try RemovalCurves(design: bank.design, values: values, file: open.path)
    }
    // Under the name of the loss stands the loss: inside, f = −ℓ.
    output = try curves(
      bank.means(function, of: queries) { function.printed(change: Double($0)) })
    accuracy =
      test.classes != nil
      ? try curves(bank.means(.hardMargin, of: queries) { $0 > 0 ? 1 : 0 }) : nil
    loss = influence.isSequence ? try curves(bank.meanTokenLosses(of: queries)) : nil
    guard let ranking = bank.design.ranking else {
      throw EvaluationError.notABank(problem: "it has no ranking", file: open.path)
    }
    self.queries = ranking.queries
    trainingExamples = influence.data.train.count
    settings = EvaluationSettings(
      run: influence.run.name, open, ranking, outputFunction: function.rawValue)
  }

  private enum Key: String, CodingKey { case queries, trainingExamples, output, accuracy, loss }

  func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(queries, forKey: .queries)
    try values.encode(trainingExamples, forKey: .trainingExamples)
    try values.encode(output, forKey: .output)
    try values.encodeIfPresent(accuracy, forKey: .accuracy)
    try values.encodeIfPresent(loss, forKey: .loss)
  }

  private func share(_ removed: Int) -> Double {
    Double(removed) / Double(max(1, trainingExamples))
  }

  private func table(_ curves: RemovalCurves) -> TextTable {
    var table = TextTable([
      "removed", "most helpful", "− random", "most harmful", "− random", "random",
    ])
    for (index, random) in curves.curves[2].points.enumerated() {
      let (top, bottom) = (curves.curves[0].points[index], curves.curves[1].points[index])
      func text(_ mean: PairedMean?) -> String {
        mean.map { withError($0.value, $0.error) } ?? ""
      }
      table.append([
        "\(random.removed) (\(NumberText.percent(share(random.removed))))",
        text(top.change), text(top.againstRandom), text(bottom.change), text(bottom.againstRandom),
        text(random.change),
      ])
    }
    return table
  }

  private func areas(_ curves: RemovalCurves) -> String {
    let parts = zip(["most helpful", "most harmful"], curves.curves).compactMap { name, curve in
      curve.area.map { "\(name) " + withError($0.value, $0.error) }
    }
    return "area between the curve and random removal: " + parts.joined(separator: ", ")
  }

  var text: String {
    var lines = [
      "change of the mean \(settings.outputFunction) of the queries "
        + "(\(withError(output.full, nil)) with all examples), paired by seed, 95 % intervals",
      table(output).text, areas(output),
    ]
    if let accuracy {
      lines += [
        "\nchange of their accuracy (\(withError(accuracy.full, nil)) with all examples)",
        table(accuracy).text, areas(accuracy),
      ]
    }
    if let loss {
      lines += [
        "\nchange of their mean loss a token, in place of an accuracy "
          + "(\(withError(loss.full, nil)) with all examples); above 0 = worse",
        table(loss).text, areas(loss),
      ]
    }
    lines.append("\(settings.text); queries: \(queries); \(settings.seeds ?? 0) seeds")
    return lines.joined(separator: "\n")
  }

  private func chart(_ curves: RemovalCurves, _ title: String, _ label: String) -> ReportChart {
    let names = ["most helpful removed", "most harmful removed", "random removed"]
    let chart = LineChart(
      title: title, x: ChartAxis("training examples removed", format: .percent),
      y: ChartAxis(label),
      series: zip(names, curves.curves).map { name, curve in
        LineChart.Series(
          name,
          [.init(0, curves.full)]
            + curve.points.map { .init(share($0.removed), curves.full + $0.change.value) },
          style: curve.side == .random ? .reference : .line)
      })
    return ReportChart(svg: chart.svg(), caption: areas(curves))
  }

  var page: AttributionReport {
    var charts = [
      chart(output, "Mean \(settings.outputFunction) of the queries", settings.outputFunction)
    ]
    var tables = [
      ReportTable(title: "Change of the mean \(settings.outputFunction)", table(output))
    ]
    if let accuracy {
      charts.append(chart(accuracy, "Accuracy on the queries", "accuracy"))
      tables.append(ReportTable(title: "Change of the accuracy", table(accuracy)))
    }
    if let loss {
      charts.append(chart(loss, "Mean loss a token of the queries", "loss a token"))
      tables.append(ReportTable(title: "Change of the mean loss a token", table(loss)))
    }
    return AttributionReport(
      title: "What is lost without the examples that \(settings.run) needs most?",
      summary: "Models trained without the most helpful, the most harmful or random examples; "
        + "queries: \(queries).",
      sections: [
        ReportSection("Removal curves", .charts(charts)),
        ReportSection(
          "Figures",
          introduction: "Differences are paired by seed; intervals are 95 %, Student's t over "
            + "\(settings.seeds ?? 0) seeds.", .tables(tables)),
      ],
      provenance: settings.provenance)
  }
}
