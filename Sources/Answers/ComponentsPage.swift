import Components
import Datasets
import Foundation
import Influence
import Networks
import Reports
import Storage
import Tensors

/// What the components of a network do, as a page.
package struct ComponentsPage {
  private let answer: ComponentsAnswer
  private let estimate: ComponentEstimate
  private let curve: RemovalCurve
  private let study: ComponentStudy
  private let queries: QuerySection?

  /// Queries up to which each is shown with its own components.
  package static let shownQueries = 6
  /// Components of a query on each side.
  private static let shownSides = 8
  /// Components of the table.
  private static let shownComponents = 30

  /// - Parameters:
  ///   - influence: the run, for what is shown of queries.
  ///   - shown: the queries with all their tokens, and whether they are in the test set.
  package init(
    _ answer: ComponentsAnswer, _ estimate: ComponentEstimate, _ curve: RemovalCurve,
    _ study: ComponentStudy, of influence: RunInfluence, shown: (data: Dataset, isTest: Bool),
    token: Int?
  ) throws {
    (self.answer, self.estimate, self.curve, self.study) = (answer, estimate, curve, study)
    queries =
      answer.queries > ComponentsPage.shownQueries
      ? nil
      : QuerySection(
        unit: answer.outputFunction,
        signSentence: "Positive: keeping the component raises the query’s output.",
        cards: try ComponentsPage.cards(answer, estimate, study, influence, shown, token))
  }

  /// The page.
  package var report: AttributionReport {
    var sections = [heatMap, removal, table]
    if var queries {
      queries.sides = QuerySection.Sides(positive: "Raised it", negative: "Lowered it")
      sections.insert(
        ReportSection(
          answer.queries == 1 ? "The query" : "The queries",
          introduction: "Each beside the components that carry its own output, by its own weights.",
          .queries(queries)), at: 0)
    }
    return AttributionReport(
      title: "Which parts of \(answer.run) carry its outputs?",
      summary: "\(kinds), by what \(answer.outputFunction) loses without them: "
        + "\(ComponentMethod(rawValue: answer.method)?.title ?? answer.method); "
        + "\(ComponentsPage.percent(answer.alpha)) at a time are taken away "
        + "(\(answer.ablation)).",
      figures: figures, sections: sections,
      notes: answer.notes.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." } + trust,
      provenance: [
        .init("run", answer.run), .init("method", answer.method),
        .init("output function", answer.outputFunction), .init("ablation", answer.ablation),
        .init("α", "\(answer.alpha)"), .init("preset", answer.preset.rawValue),
        .init("seed", "\(study.seed)"), .init("engine", Engine.version),
      ]
        + study.fingerprint.fields.filter {
          RunIdentity.Field(rawValue: $0.name)?.isOfMachine != true && $0.name != "masks"
        }.map { .init($0.name, $0.value) })
  }

  /// `1,152 neurons and 24 heads`.
  private var kinds: String {
    study.components.kinds.map { kind in
      let count = answer.components.count { $0.kind == kind }
      return "\(NumberText.whole(count)) \(kind.rawValue)\(count == 1 ? "" : "s")"
    }.joined(separator: " and ")
  }

  /// `5 %`, `2.5 %`.
  private static func percent(_ share: Double) -> String {
    let isWhole = abs(100 * share - (100 * share).rounded()) < 0.05
    return NumberText.percent(share, decimals: isWhole ? 0 : 1)
  }

  private var figures: [AttributionReport.HeadlineFigure] {
    var figures: [AttributionReport.HeadlineFigure] = [
      .init("queries", NumberText.whole(answer.queries)),
      .init(
        "passes a query", NumberText.whole(answer.passes), note: "one with gradients is three"),
    ]
    figures += answer.fresh.map {
      .init(
        "agreement, \(ComponentsPage.percent($0.alpha)) removed",
        NumberText.fixed($0.pearson, decimals: 3),
        note: "± \(NumberText.fixed($0.pearsonError, decimals: 3)), Pearson’s r on fresh masks")
    }
    if answer.components.first?.matters != nil {
      let count = answer.components.count { $0.matters == true }
      figures.append(
        .init(
          "that matter", NumberText.whole(count),
          note: "of \(NumberText.whole(answer.components.count)), of which about "
            + "\(ComponentsPage.percent(answer.falseDiscoveryRate)) by chance"))
    }
    return figures
  }

  private var heatMap: ReportSection {
    let map = HeatMap(
      title: "Weight of every component", label: "\(answer.outputFunction)\(ofQueries)",
      of: answer.components.map { ($0.name, $0.layer, $0.kind.rawValue) },
      values: answer.components.map(\.weight)
    ) { place in
      let entry = answer.components[place]
      var hint = ": \(NumberText.signed(entry.weight))"
      if let error = entry.error { hint += " ± \(NumberText.significant(1.96 * error, digits: 2))" }
      return entry.matters == false ? hint + ", may be chance" : hint
    }
    return ReportSection(
      "All components",
      introduction: "Layers from the input down, units from the left. The weight is what the "
        + "output gains by keeping the component while a random share of the others is away: green "
        + "raises it, orange lowers it. Point at one for its number.",
      .charts([ReportChart(svg: map.svg())]))
  }

  private var ofQueries: String { answer.queries == 1 ? "" : ", mean over the queries" }

  /// `h.0.attn.head`, `h.0.mlp.neuron` of `transformer.h.0.attn.head`, `transformer.h.0.mlp.neuron`:
  /// without the parts that all begin with, as long as two are left; a name alone stays.
  package static func withoutCommonParts(_ names: [String]) -> [String] {
    let parts = names.map { $0.split(separator: ".") }
    guard parts.count > 1, let first = parts.first else { return names }
    let most = max(0, (parts.map(\.count).min() ?? 0) - 2)
    let common = (0..<most).first { place in parts.contains { $0[place] != first[place] } } ?? most
    // A number says little without the word before it.
    let dropped = (0...common).last { Int(first[$0]) == nil } ?? 0
    return parts.map { $0.dropFirst(dropped).joined(separator: ".") }
  }

  private var removal: ReportSection {
    func points(_ order: RemovalCurve.Order, _ value: (RemovalCurve.Point) -> Double)
      -> [LineChart.Point]
    {
      (curve.points[order] ?? []).map { LineChart.Point(Double($0.removed), value($0)) }
    }
    let names: [RemovalCurve.Order: String] = [
      .best: "largest weight first", .worst: "least weight first", .random: "random order",
    ]
    let series = RemovalCurve.Order.allCases.flatMap { order in
      [
        LineChart.Series(names[order] ?? "", points(order, \.output)),
        LineChart.Series("by the weights", points(order, \.predicted), style: .model),
      ]
    }
    let last = Double(curve.points[.best]?.last?.removed ?? 1)
    let full = LineChart.Series(
      "nothing removed", [LineChart.Point(1, curve.full), LineChart.Point(last, curve.full)],
      style: .reference)
    let share = answer.alpha * Double(curve.components)
    let chart = LineChart(
      title: "Output without more and more of them",
      x: ChartAxis("components removed", scale: .logarithmic),
      y: ChartAxis("\(answer.outputFunction)\(ofQueries)"), series: series + [full],
      markers: share > 1 && share < last
        ? [LineChart.Marker("α = \(answer.alpha)", at: share)] : [])
    return ReportSection(
      "Where the weights end",
      introduction: "Lines: the output as it is when components are taken away one after another. "
        + "Dashed: what their weights add up to. Where the two part, effects no longer add.",
      .charts([ReportChart(svg: chart.svg(), caption: caption)]))
  }

  /// The ends of the curves in numbers.
  private var caption: String {
    func sentence(_ order: RemovalCurve.Order, _ name: String) -> String? {
      guard let end = curve.points[order]?.last else { return nil }
      return "\(name) \(NumberText.signed(end.output - curve.full)) (by the weights "
        + NumberText.signed(end.predicted - curve.full) + ")"
    }
    let removed = curve.points[.best]?.last?.removed ?? 0
    return "Change without \(NumberText.whole(removed)) of "
      + "\(NumberText.whole(curve.components)) components: "
      + [
        sentence(.best, "largest weight first"), sentence(.worst, "least first"),
        sentence(.random, "random order"),
      ].compactMap { $0 }.joined(separator: "; ") + "."
  }

  private var table: ReportSection {
    var table = TextTable([
      .init("component"), .init("weight", .right), .init("±", .right),
      .init("magnitude", .right), .init("matters"),
    ])
    for entry in answer.strongest.prefix(ComponentsPage.shownComponents) {
      table.append([
        entry.name, NumberText.signed(entry.weight),
        entry.error.map { NumberText.significant(1.96 * $0, digits: 2) } ?? "",
        NumberText.significant(entry.magnitude), entry.matters.map { $0 ? "yes" : "" } ?? "",
      ])
    }
    return ReportSection(
      "The strongest",
      introduction: "By magnitude, the mean of |weight| over the queries: what matters for some "
        + "queries and against others has a small weight and a large magnitude. ± is half of a 95 % "
        + "interval.", .tables([ReportTable(table)]))
  }

  /// What cannot be read from the weights.
  private var trust: [String] {
    [
      "Weights add up to the output only near the share that was taken away when they were found; "
        + "far from it the curve above is what holds.",
      "What is chosen because its weight is largest does less than its weight says: removed "
        + "together, such components often change the output by half of the sum, or less.",
    ]
  }

  private static func cards(
    _ answer: ComponentsAnswer, _ estimate: ComponentEstimate, _ study: ComponentStudy,
    _ influence: RunInfluence, _ shown: (data: Dataset, isTest: Bool), _ token: Int?
  ) throws -> [QueryCard] {
    let asked = study.outputs.queries
    let passages = Passages(shown: shown.data, token: token)
    let gallery = ExampleGallery(shown.data, influence.data.normalisation)
    let predictions = try influence.predictions(for: asked)
    let probabilities = asked.classes != nil ? predictions.logits.softmax() : nil
    return (0..<asked.count).map { row in
      let scores = (0..<estimate.scores.columns).map { Double(estimate.scores[row, $0]) }
      func side(_ sign: Double) -> [QueryCard.Influence] {
        scores.indices.filter { sign * scores[$0] > 0 }
          .sorted { (-sign * scores[$0], $0) < (-sign * scores[$1], $1) }
          .prefix(shownSides).map {
            QueryCard.Influence(
              view: .nothing, id: answer.components[$0].name, label: "", score: scores[$0])
          }
      }
      let predicted = asked.classes != nil ? predictions.predicted[row] : nil
      var card = QueryCard(
        view: passages.query(row) ?? gallery.view(row), id: asked.ids[row].description,
        label: influence.isSequence ? "" : LabelValue(of: row, in: asked).text,
        predicted: predicted.map { LabelValue(predicted: $0, in: asked).text }
          ?? (influence.isSequence ? "" : "\(predictions.logits[row, 0])"),
        probability: predicted.flatMap { label in probabilities.map { Double($0[row, Int(label)]) }
        }, helpful: side(1), harmful: side(-1))
      card.question = passages.question(
        row, probability: predictions.probabilities.isEmpty ? nil : predictions.probabilities[row])
      // The card's words for an example that is none of the test set.
      card.isOutside = !shown.isTest
      return card
    }
  }
}
