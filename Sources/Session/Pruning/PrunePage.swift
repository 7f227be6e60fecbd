import Answers
import Curation
import Datasets
import Evaluation
import Reports
import Tensors

extension PruneJob.Result {
  /// Examples that are shown of what a choice drops.
  static let shownDropped = 24

  /// Accuracy against the share that is kept, by class, and pictures of what was dropped.
  ///
  /// - Throws: errors of reading the bank.
  public func page() throws -> AttributionReport {
    let data = influence.data
    var sections: [ReportSection] = []
    if answer.results.contains(where: { $0.proof != nil }) {
      sections.append(ReportSection("Against the share that is kept", .charts([curve])))
      sections.append(
        ReportSection(
          "Against random subsets of the same size",
          introduction:
            "Positive = better. Intervals are 95 %; the last columns of the three ± say "
            + "what seeds, random subsets and test examples add to them.", .tables([figures])))
    }
    sections.append(ReportSection("What is dropped", .tables([reasons])))
    if let proved, data.test.classes != nil {
      sections.append(
        ReportSection(
          "By class", introduction: "Per cent right of the test examples of each class.",
          .tables(try byClass(proved.trials, proved.bank))))
    }
    for (choice, result) in zip(choices, answer.results) where !result.dropped.isEmpty {
      sections.append(
        ReportSection(
          "Dropped by \(choice.strategy) at \(choice.keep)",
          .suspects(PruneGallery.dropped(choice.selection, data, limit: Self.shownDropped))))
    }
    var facts: [AttributionReport.Fact] = [
      .init("run", answer.run), .init("engine", Engine.version),
      .init("training data", influence.run.record.dataHashes["train"] ?? ""),
    ]
    if let proved { facts.append(.init("models", proved.bank.path)) }
    return AttributionReport(
      title: "Which training examples of \(answer.run) can go?",
      summary: "What is kept, what is dropped and why"
        + (proved == nil ? "." : ", and whether that is better than chance."),
      sections: sections, provenance: facts)
  }

  /// The unit of the proof's means.
  private var unit: String {
    influence.data.test.classes != nil ? "per cent right" : "minus the loss"
  }

  private var curve: ReportChart {
    var series: [LineChart.Series] = []
    let proofs = answer.results.compactMap { result in result.proof.map { (result, $0) } }
    let names = proofs.map(\.0.strategy).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    func points(_ list: [(PruneAnswer.Result, PruneProof)], _ value: (PruneProof) -> Double)
      -> [LineChart.Point]
    {
      list.sorted { $0.0.keep < $1.0.keep }.map { .init($0.0.keep, value($0.1)) }
    }
    for name in names {
      let own = proofs.filter { $0.0.strategy == name }
      series.append(LineChart.Series(name, points(own) { $0.chosen }))
    }
    let first = proofs.filter { $0.0.strategy == names.first }
    series.append(LineChart.Series("random", points(first) { $0.random }, style: .reference))
    if let whole = first.first?.1.whole {
      series.append(
        LineChart.Series(
          "all examples", first.map { .init($0.0.keep, whole) }, style: .reference))
    }
    let chart = LineChart(
      title: "Test examples by the share that is kept",
      x: ChartAxis("training examples kept", format: .percent), y: ChartAxis(unit),
      series: series)
    return ReportChart(svg: chart.svg())
  }

  private var figures: ReportTable {
    var table = TextTable([
      "strategy", "keep", "− random", "95 %", "verdict", "± seeds", "± subsets", "± test",
      "kept", "random", "all", "opposite",
    ])
    for result in answer.results {
      guard let proof = result.proof else { continue }
      table.append([result.strategy, "\(result.keep)"] + proof.cells)
    }
    return ReportTable(title: "Mean over the test set, \(unit)", table)
  }

  private var reasons: ReportTable {
    var table = TextTable(["strategy", "keep", "kept", "dropped", "why"])
    for result in answer.results {
      table.append([
        result.strategy, "\(result.keep)", "\(result.kept.count)", "\(result.dropped.count)",
        result.reasons,
      ])
    }
    return ReportTable(table)
  }

  private func byClass(_ trials: PruneTrials, _ bank: RetrainingBank) throws -> [ReportTable] {
    let test = influence.data.test
    return try choices.enumerated().map { index, choice in
      var table = TextTable(["class", "kept", "random", "all", "training examples kept"])
      let kept = choice.selection.kept
      let means = try trials.byClass(index, bank, test: test)
      for (label, name) in test.classNames.enumerated() {
        let own = kept.count { influence.data.train.classes?[$0] == Int32(label) }
        let mean = means[label]
        table.append(
          [name] + [mean.chosen, mean.random, mean.whole].map { NumberText.fixed($0, decimals: 1) }
            + ["\(own)"])
      }
      return ReportTable(title: "\(choice.strategy) at \(choice.keep)", table)
    }
  }
}
