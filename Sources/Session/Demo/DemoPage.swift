import Answers
import Curation
import Datasets
import Evaluation
import Foundation
import Influence
import Reports
import Tensors

/// The demo's page: queries, suspects, curves.
struct DemoPage {
  let setup: ScoringSession
  let job: MislabelJob
  let ranking: MislabelRanking
  let suspects: MislabeledAnswer
  let queries: QuerySection
  let scores: ScoreDescription
  let accuracy: Double
  /// Whether dropping the suspects helped; nil where none was dropped.
  let proof: PruneProof?
  let dropped: Int

  func report() throws -> AttributionReport {
    let train = setup.influence.data.train
    return AttributionReport(
      title: "Which training digits made the model say this?",
      summary: "\(train.count) handwritten digits, \(train.flipped.count { $0 }) labels flipped "
        + "on purpose, a small network; every figure was computed by this run.",
      figures: [
        .init(
          "test accuracy", NumberText.percent(accuracy, decimals: 1),
          note: "trained on the flipped labels, mean of \(setup.influence.run.seeds.count) seeds")
      ] + cleaned + (suspects.detection?.figures ?? []),
      sections: [
        ReportSection(
          "Misread test digits",
          introduction: "Each test digit the model got wrong, beside the training digits that "
            + "helped its true label most, and those that harmed it most.",
          .queries(queries)),
        ReportSection(
          "Suspect labels",
          introduction: "Training digits whose own label loses against another one when the "
            + "kernel regression is fitted without them.",
          .suspects(suspectGallery(setup.influence.data, ranking, suspects))),
        ReportSection("Curves", .charts(try charts(train))),
      ],
      notes: try setup.scorer.notes(), provenance: scores.provenance)
  }

  /// Without the suspects, and without as many random digits.
  private var cleaned: [AttributionReport.HeadlineFigure] {
    guard let proof else { return [] }
    func percent(_ value: Double) -> String { NumberText.percent(value / 100, decimals: 1) }
    return [
      .init(
        "without the suspects", percent(proof.chosen),
        note:
          "\(dropped) training digits dropped of which decoys say that four in five are wrong, "
          + "mean of \(proof.seeds) seeds"),
      .init(
        "without as many at random", percent(proof.random),
        note: "\(proof.randomSubsets) random subsets; the difference is "
          + NumberText.fixed(proof.low, decimals: 2) + " to "
          + NumberText.fixed(proof.high, decimals: 2) + " points (95 %): \(proof.verdict.rawValue)"),
    ]
  }

  private func charts(_ train: Dataset) throws -> [ReportChart] {
    let planted = train.flipped
    let curves = try [
      ("leave-one-out margin", ranking), ("1 − p, last epoch", job.ranking(by: .finalProbability)),
      (
        "self-influence (trajectory)",
        job.ranking(by: .selfInfluence, scorer: setup.scorer)
      ),
    ].map { name, ranking in
      let values = DetectionMetrics.curve(suspicion: ranking.suspicion, planted: planted)
      return LineChart.Series(
        name,
        values.enumerated().map {
          LineChart.Point(Double($0.offset) / Double(planted.count), $0.element)
        })
    }
    let share = Double(planted.count { $0 }) / Double(planted.count)
    var charts = [
      ReportChart(
        svg: LineChart.detection(
          title: "Flipped labels found", curves: curves, wantedFraction: share
        ).svg(), caption: "How many of the flipped labels are among the first ones inspected.")
    ]
    if let last = try setup.scorer.dampingReports().last, let spectrum = last.report.spectrum {
      charts.append(
        ReportChart(
          svg: LineChart.spectrum(
            title: "Spectrum of the gradient kernel",
            eigenvalues: [(last.name, spectrum.filter { $0 > 0 })], damping: last.report.damping
          ).svg(),
          caption: "Largest eigenvalues of \(last.report.sampledRows ?? 0) rows; "
            + "directions far below λ are ignored."))
    }
    charts.append(
      ReportChart(
        svg: Histogram(
          title: "Leave-one-out margins", x: ChartAxis("suspicion (minus the margin)"),
          groups: [
            .init("labels left alone", values(planted, false)),
            .init("flipped labels", values(planted, true)),
          ]
        ).svg(), caption: "Right of 0 the others vote for another label."))
    if let loss = try setup.influence.run.dynamics(seed: setup.influence.run.seeds[0])[.loss] {
      func curve(_ wanted: Bool) -> [Double] {
        (0..<loss.rows).map { epoch in
          let row = loss.row(epoch)
          let chosen = row.indices.filter { planted[$0] == wanted }
          return chosen.reduce(0) { $0 + Double(row[$1]) } / Double(max(1, chosen.count))
        }
      }
      charts.append(
        ReportChart(
          svg: LineChart.learningCurves(
            title: "Training loss", y: ChartAxis("mean loss"),
            curves: [("labels left alone", curve(false)), ("flipped labels", curve(true))]
          ).svg(), caption: "The network learns the flipped labels last."))
    }
    return charts
  }

  private func values(_ planted: [Bool], _ wanted: Bool) -> [Double] {
    planted.indices.filter { planted[$0] == wanted }.map { Double(ranking.suspicion[$0]) }
  }
}
