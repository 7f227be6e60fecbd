import Components
import Reports
import Tensors

/// What a network loses by being made smaller, as a page.
package struct ShrinkPage {
  private let answer: ShrinkAnswer
  private let components: ComponentSet
  private let values: [Double]
  private let provenance: [AttributionReport.Fact]

  /// - Parameter values: mean |τ| of every component in the whole network.
  package init(
    _ answer: ShrinkAnswer, _ components: ComponentSet, values: [Double],
    provenance: [AttributionReport.Fact]
  ) {
    (self.answer, self.components, self.values) = (answer, components, values)
    self.provenance = provenance
  }

  /// The page.
  package var report: AttributionReport {
    AttributionReport(
      title: "\(answer.run) without \(NumberText.percent(answer.share, decimals: 0)) of its parts",
      summary: "\(answer.verdict).", figures: figures, sections: [curve, numbers, layers, heatMap],
      notes: [
        "Everything is measured on the test set, which nothing was chosen on; τ is of training "
          + "examples.",
        "The smaller network’s outputs and those of the whole one with the components at 0 differ by "
          + "\(NumberText.significant(answer.difference, digits: 2)) of the largest output.",
      ]
        + answer.tied.map {
          "Joined by a residual sum, cut together: \($0.joined(separator: ", "))."
        }
        + answer.obstacles.map { "Not cut: \($0.name), \($0.reason)." },
      provenance: [
        .init("run", answer.run), .init("method", answer.method),
        .init("share", "\(answer.share)"), .init("engine", Engine.version),
      ] + provenance)
  }

  private var isAccuracy: Bool { answer.before.accuracy != nil }

  private func value(_ level: ShrinkAnswer.Level) -> Double { level.accuracy ?? level.loss }

  private func text(_ level: ShrinkAnswer.Level) -> String {
    level.accuracy.map { NumberText.percent($0, decimals: 1) }
      ?? NumberText.significant(level.loss, digits: 4)
  }

  private var figures: [AttributionReport.HeadlineFigure] {
    let point = answer.curve.first { $0.share == answer.share }
    return [
      .init(
        "cut out", NumberText.whole(answer.removed.count),
        note: "of \(NumberText.whole(answer.components)) components"),
      .init(
        "parameters", NumberText.whole(answer.parameters.after),
        note: "of \(NumberText.whole(answer.parameters.before))"),
      .init(
        isAccuracy ? "accuracy" : "loss", text(answer.after), note: "before \(text(answer.before))"),
      .init("by weight magnitude", point.map { text($0.magnitude) } ?? "", note: "the same share"),
      .init("at random", point.map { text($0.random) } ?? "", note: "mean of random orders"),
    ]
  }

  private var curve: ReportSection {
    func points(_ level: (ShrinkAnswer.Point) -> ShrinkAnswer.Level) -> [LineChart.Point] {
      [LineChart.Point(0, value(answer.before))]
        + answer.curve.map { LineChart.Point($0.share, value(level($0))) }
    }
    let last = answer.curve.last?.share ?? 1
    let chart = LineChart(
      title: "What is left of the \(isAccuracy ? "accuracy" : "loss")",
      x: ChartAxis("share of the components that is cut", format: .percent),
      y: ChartAxis(isAccuracy ? "accuracy" : "loss", format: isAccuracy ? .percent : .number),
      series: [
        .init("by τ", points(\.tau)), .init("least weights", points(\.magnitude)),
        .init("random", points(\.random)),
        .init(
          "whole network",
          [.init(0, value(answer.before)), .init(last, value(answer.before))], style: .reference),
      ],
      markers: [LineChart.Marker("cut", at: answer.share)])
    return ReportSection(
      "What it costs",
      introduction:
        "Without the components that are missed least by what τ says of all that are away together, "
        + "τ being fitted again after each twentieth; beside those with the smallest weights, and "
        + "random ones.",
      .charts([ReportChart(svg: chart.svg())]))
  }

  private var numbers: ReportSection {
    var table = TextTable([
      .init("share cut", .right), .init("components", .right), .init("by τ", .right),
      .init("loss", .right), .init("weights", .right), .init("random", .right),
    ])
    for point in answer.curve {
      table.append([
        NumberText.percent(point.share, decimals: 0), NumberText.whole(point.removed),
        text(point.tau), NumberText.significant(point.tau.loss, digits: 3), text(point.magnitude),
        text(point.random),
      ])
    }
    return ReportSection("In numbers", .tables([ReportTable(table)]))
  }

  /// How much of each layer is left.
  private var layers: ReportSection {
    var table = TextTable([
      .init("layer"), .init("components", .right), .init("cut", .right),
    ])
    let gone = Set(answer.removed)
    for group in components.groups {
      let own = components.components.filter { $0.point == group.point }
      table.append([
        "\(group.path).\(group.kind.rawValue)", "\(own.count)",
        "\(own.count { gone.contains($0.name) })",
      ])
    }
    return ReportSection("Where they were", .tables([ReportTable(table)]))
  }

  private var heatMap: ReportSection {
    let gone = Set(answer.removed)
    let map = HeatMap(
      title: "Mean |τ| of every component", label: "change of the output", of: components,
      values: values
    ) { place in
      ": \(NumberText.significant(values[place]))"
        + (gone.contains(components.components[place].name) ? ", cut out" : "")
    }
    return ReportSection(
      "All components",
      introduction:
        "In the whole network, each alone; what is cut is chosen by what all of it does together.",
      .charts([ReportChart(svg: map.svg())]))
  }
}
