import Components
import Reports
import Tensors

/// What an edit does, as a page.
package struct EditPage {
  private let answer: EditAnswer
  private let search: EditSearch
  private let components: ComponentSet
  private let target, reference: ComponentEstimate
  private let provenance: [AttributionReport.Fact]

  /// Components of the table.
  private static let shownComponents = 30

  /// - Parameters:
  ///   - target: τ of the target's examples.
  ///   - reference: τ of the reference's.
  package init(
    _ answer: EditAnswer, _ search: EditSearch, _ components: ComponentSet,
    target: ComponentEstimate, reference: ComponentEstimate,
    provenance: [AttributionReport.Fact]
  ) {
    (self.answer, self.search, self.components) = (answer, search, components)
    (self.target, self.reference, self.provenance) = (target, reference, provenance)
  }

  /// The page.
  package var report: AttributionReport {
    AttributionReport(
      title: "\(heading): \(answer.targetName)", summary: answer.verdict, figures: figures,
      sections: [effects, trials, table, heatMap],
      notes: [
        "Numbers of the first table are of test examples that nothing was chosen on, but for named "
          + "examples, which are their own.",
        "What the weights predict is of the training examples that they were found on. The best of "
          + "many does less than its weights say: the true effect is what counts.",
        "Random: the mean over ten sets of as many components of each kind.",
      ],
      provenance: [
        .init("run", answer.run), .init("job", answer.job), .init("score", answer.score.rawValue),
        .init("target", answer.targetName), .init("reference", answer.referenceName),
        .init("engine", Engine.version),
      ] + provenance)
  }

  private var heading: String {
    switch answer.job {
    case "fix": "Putting \(answer.run) right"
    case "forget": "Making \(answer.run) forget"
    case "backdoor": "Removing a trigger from \(answer.run)"
    default: "Doing better on a subpopulation with \(answer.run)"
    }
  }

  private var unit: String { answer.isAccuracy ? "accuracy" : "loss" }

  private func text(_ value: Double) -> String {
    answer.isAccuracy
      ? NumberText.percent(value, decimals: 1) : NumberText.significant(value, digits: 4)
  }

  private var figures: [AttributionReport.HeadlineFigure] {
    func figure(_ label: String, _ change: EditAnswer.Change) -> AttributionReport.HeadlineFigure {
      .init(label, text(change.after), note: "before \(text(change.before))")
    }
    var figures: [AttributionReport.HeadlineFigure] = [
      .init(
        "taken away", NumberText.whole(answer.removed.count),
        note: "of \(NumberText.whole(components.count)) components"),
      figure("target", answer.target), figure("reference", answer.reference),
      figure("everything else", answer.rest),
      .init("target, random ones", text(answer.control.target), note: "the same number of them"),
    ]
    if let attack = answer.attack {
      figures.insert(
        .init(
          "attack", text(attack.after),
          note: "answered \(attack.class); before \(text(attack.before))"), at: 2)
    }
    return figures
  }

  private var effects: ReportSection {
    var table = TextTable([
      .init(unit), .init("before", .right), .init("after", .right), .init("predicted", .right),
      .init("random components", .right),
    ])
    table.append([
      "target: \(answer.targetName)", text(answer.target.before), text(answer.target.after),
      text(answer.predicted.target), text(answer.control.target),
    ])
    if let attack = answer.attack {
      table.append([
        "attack: answered \(attack.class)", text(attack.before), text(attack.after), "",
        text(attack.random),
      ])
    }
    table.append([
      "reference: \(answer.referenceName)", text(answer.reference.before),
      text(answer.reference.after), text(answer.predicted.reference),
      text(answer.control.reference),
    ])
    table.append([
      "everything else", text(answer.rest.before), text(answer.rest.after), "",
      text(answer.control.rest),
    ])
    return ReportSection("What it does", .tables([ReportTable(table)]))
  }

  /// What was tried on the examples for choosing.
  private var trials: ReportSection {
    func points(_ score: EditScore, _ value: (EditSearch.Candidate) -> Double) -> [LineChart.Point]
    {
      // Of greedy sets of one length, of which there may be two, the better.
      let own = Dictionary(grouping: search.candidates.filter { $0.score == score }) {
        $0.places.count
      }
      return own.keys.sorted().compactMap { count in
        own[count]?.max { $0.target + $0.reference < $1.target + $1.reference }.map {
          LineChart.Point(Double(count), shown(value($0)))
        }
      }
    }
    let series = EditScore.allCases.flatMap { score -> [LineChart.Series] in
      let target = points(score, \.target)
      guard !target.isEmpty else { return [] }
      return [
        LineChart.Series("target, \(score.rawValue)", target),
        LineChart.Series("reference", points(score, \.reference), style: .model),
      ]
    }
    let chart = LineChart(
      title: "Without more and more of them",
      x: ChartAxis("components taken away", scale: .logarithmic),
      y: ChartAxis(unit, format: answer.isAccuracy ? .percent : .number), series: series,
      markers: [LineChart.Marker("chosen", at: Double(answer.removed.count))])
    return ReportSection(
      "What was tried",
      introduction: "On examples held out for choosing: the components in the order of each score "
        + "(verified: each the best of some that were really taken away). The edit is the one that "
        + "does most for the target, in the fewest components, within what the reference may lose.",
      .charts([ReportChart(svg: chart.svg())]))
  }

  private func shown(_ value: Double) -> Double { answer.isAccuracy ? value : -value }

  private var table: ReportSection {
    var table = TextTable([
      .init("component"), .init("weight, target", .right), .init("weight, reference", .right),
    ])
    let (t, r) = (target.weights, reference.weights)
    for place in search.chosen.places.prefix(EditPage.shownComponents) {
      table.append([
        components.components[place].name, NumberText.signed(t[place]), NumberText.signed(r[place]),
      ])
    }
    let more = answer.removed.count - EditPage.shownComponents
    return ReportSection(
      "The components that are taken away",
      introduction: "In the order in which they were chosen, with what keeping each adds to the "
        + "output in the mean over the examples of either set."
        + (more > 0 ? " The first \(EditPage.shownComponents) of \(answer.removed.count)." : ""),
      .tables([ReportTable(table)]))
  }

  private var heatMap: ReportSection {
    let (t, r) = (target.weights, reference.weights)
    let map = HeatMap(
      title: "Weight on the target less that on the reference", label: "difference of means",
      of: components, values: t.indices.map { t[$0] - r[$0] }
    ) { ": target \(NumberText.signed(t[$0])), reference \(NumberText.signed(r[$0]))" }
    return ReportSection(
      "All components",
      introduction: "Layers from the input down, units from the left. Green: carries the target "
        + "more than the reference; orange: less. Point at one for its numbers.",
      .charts([ReportChart(svg: map.svg())]))
  }
}
