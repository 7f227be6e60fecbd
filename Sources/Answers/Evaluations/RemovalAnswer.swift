import Evaluation
import Reports

/// What retraining without the most helpful or harmful examples does, beside random removal.
public struct RemovalAnswer: EvaluationAnswer {
  /// The ranking that the bank keeps, and the bank.
  public let settings: EvaluationSettings
  /// The queries that the ranking is about, in words.
  public let queries: String
  /// Number of training examples.
  public let trainingExamples: Int
  /// Of the mean output of the queries.
  public let output: RemovalCurves
  /// Of the share of the queries predicted rightly; classes only.
  public let accuracy: RemovalCurves?
  /// Of the mean loss a token; sequences only, which have no one prediction that is right.
  public let loss: RemovalCurves?

  package init(
    _ settings: EvaluationSettings, queries: String, trainingExamples: Int, output: RemovalCurves,
    accuracy: RemovalCurves?, loss: RemovalCurves?
  ) {
    (self.settings, self.queries) = (settings, queries)
    self.trainingExamples = trainingExamples
    (self.output, self.accuracy, self.loss) = (output, accuracy, loss)
  }

  private enum Key: String, CodingKey { case queries, trainingExamples, output, accuracy, loss }

  /// The fields of `settings` beside the others.
  public init(from decoder: any Decoder) throws {
    settings = try EvaluationSettings(from: decoder)
    let values = try decoder.container(keyedBy: Key.self)
    queries = try values.decode(String.self, forKey: .queries)
    trainingExamples = try values.decode(Int.self, forKey: .trainingExamples)
    output = try values.decode(RemovalCurves.self, forKey: .output)
    accuracy = try values.decodeIfPresent(RemovalCurves.self, forKey: .accuracy)
    loss = try values.decodeIfPresent(RemovalCurves.self, forKey: .loss)
  }

  /// The fields of `settings` beside the others.
  public func encode(to encoder: any Encoder) throws {
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

  /// For reading.
  public var text: String {
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

  /// The page.
  public var page: AttributionReport {
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
