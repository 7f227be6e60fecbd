import Datasets
import Evaluation
import Foundation
import Reports

/// Two runs on the same data: how far their scores say the same.
public struct RunsComparison: EvaluationAnswer {
  /// A pair of query and training example that both runs agree on.
  public struct Agreed: Codable, Sendable, Equatable {
    /// The query's id.
    public let query: String
    /// The training example's id.
    public let example: String
    /// The smaller of the two scores in standard deviations of the query's; positive = helped in both.
    public let strength: Double
  }

  /// The runs.
  public let runs: [String]
  /// The method of both.
  public let method: String
  /// Test examples that were asked about.
  public let queries: Int
  /// Spearman's correlation within a query, the mean over queries.
  public let spearman: Double
  /// Share of the most helpful examples of one run that are among those of the other, and how many.
  public let topOverlap: Double
  /// How many are most helpful.
  public let top: Int
  /// Share of the most helpful and harmful examples of the first run whose sign is another in the
  /// second.
  public let signFlips: Double
  /// Models to average for averages that correlate by .9; absent where the runs do not agree at all.
  public let modelsForStable: Int?
  /// The false discovery rate of `agreed`.
  public let falseDiscoveryRate: Double
  /// Examples whose influence both runs agree on beyond chance, strongest first.
  public let agreed: [Agreed]
  /// Correlation of every query.
  private let perQuery: [Double]

  package init(
    runs: [String], method: String, _ agreement: ScoreAgreement, _ found: AgreedExamples,
    queries: [ExampleID], examples: [ExampleID]
  ) {
    (self.runs, self.method, self.queries) = (runs, method, queries.count)
    (spearman, topOverlap, top) = (agreement.spearman, agreement.topOverlap, agreement.top)
    (signFlips, modelsForStable) = (agreement.signFlips, agreement.models())
    (falseDiscoveryRate, perQuery) = (found.rate, agreement.perQuery)
    agreed = found.pairs.map {
      Agreed(
        query: "\(queries[$0.query])", example: "\(examples[$0.example])", strength: $0.strength)
    }
  }

  private var stable: String {
    modelsForStable.map {
      $0 == 1 ? "one model" : "\($0) models, averaged,"
    } ?? "no number of models"
  }

  /// For reading.
  public var text: String {
    let share = { (value: Double) in NumberText.fixed(100 * value, decimals: 0) + " %" }
    var text =
      "\(runs.joined(separator: " and ")), \(method), \(queries) queries\n"
      + "rank correlation within a query \(NumberText.fixed(spearman, decimals: 3)); of the "
      + "\(top) most helpful \(share(topOverlap)) are the same; \(share(signFlips)) of the strongest "
      + "change sign\n\(stable) would give scores that come out again with a correlation of .9\n"
      + "\(agreed.count) pairs of query and example that both agree on beyond chance "
      + "(false discovery rate \(NumberText.fixed(falseDiscoveryRate, decimals: 2)))"
    for pair in agreed.prefix(20) {
      text +=
        "\n  query \(pair.query): \(pair.strength > 0 ? "helped" : "harmed") by \(pair.example), "
        + "\(NumberText.fixed(abs(pair.strength), decimals: 1)) standard deviations"
    }
    return text
  }

  private var agreedTable: TextTable {
    var table = TextTable(["query", "example", "standard deviations"])
    for pair in agreed.prefix(200) {
      table.append([pair.query, pair.example, NumberText.fixed(pair.strength, decimals: 2)])
    }
    return table
  }

  /// The answer as a page.
  public var page: AttributionReport {
    AttributionReport(
      title: "Do \(runs.joined(separator: " and ")) say the same?",
      summary: "Scores by \(method) of the same test examples against the same training examples.",
      figures: [
        .init(
          "rank correlation", NumberText.fixed(spearman, decimals: 3), note: "mean over queries"),
        .init(
          "top \(top) shared", NumberText.fixed(100 * topOverlap, decimals: 0) + " %",
          note: "most helpful examples"),
        .init(
          "sign flips", NumberText.fixed(100 * signFlips, decimals: 0) + " %",
          note: "of the strongest"),
        .init(
          "models needed", modelsForStable.map(String.init) ?? "none suffices",
          note: "for a correlation of .9"),
      ],
      sections: [
        .queries(
          Histogram(
            title: "Agreement of each query", x: ChartAxis("Spearman correlation"),
            groups: [.init(method, perQuery)])),
        ReportSection(
          "Examples that both agree on",
          introduction: "At a false discovery rate of \(falseDiscoveryRate), against the second "
            + "run's training examples in random order.",
          .tables([ReportTable(agreedTable)])),
      ])
  }
}
