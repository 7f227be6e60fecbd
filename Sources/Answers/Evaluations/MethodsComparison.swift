import Evaluation
import Foundation
import Influence
import Reports

/// Several methods on one run: what each costs, how well each does, and how far they agree.
public struct MethodsComparison: EvaluationAnswer {
  /// One method.
  public struct Row: Codable, Sendable, Equatable {
    /// Its name and the unit of its scores.
    public let method: String
    /// The unit of its scores; absent where there are none.
    public var unit: String?
    /// What was expected and what it took, in seconds.
    public var expectedSeconds, seconds: Double?
    /// Largest memory that was planned, in bytes.
    public var plannedBytes: Int?
    /// Its file of scores; absent where there is none.
    public var path: String?
    /// Why there is none.
    public var reason: String?
    /// LDS against the run's bank of random subsets, and half its interval; absent without a bank.
    public var lds, ldsError: Double?
    /// Rank correlation and slope against this very run without some examples; absent without such a
    /// bank.
    public var sameRun, slope: Double?
    /// How far the mean loss of the queries rises when this very run is made without the examples that
    /// the method says helped most, as many as each removal of that bank; absent without it.
    public var queryLossDifference: Double?

    package init(_ method: String) { self.method = method }
  }

  /// The run.
  public let run: String
  /// Its test examples that were asked about.
  public let queries: Int
  /// The methods in the order of the table.
  public let methods: [Row]
  /// Spearman's correlation within a query between the scores of two methods, mean over queries, in the
  /// order of those that have scores.
  public let agreement: [[Double]]
  /// The share of the training set that the bank of this very run takes away; absent without one.
  public let removed: Double?
  /// How far the mean loss of the queries rises without as many random examples, the mean over that bank;
  /// what `queryLossDifference` of a method is to be held against.
  public let randomLossDifference: Double?

  package init(
    run: String, queries: Int, methods: [Row], agreement: [[Double]], removed: Double?,
    randomLossDifference: Double?
  ) {
    (self.run, self.queries, self.methods) = (run, queries, methods)
    (self.agreement, self.removed) = (agreement, removed)
    self.randomLossDifference = randomLossDifference
  }

  private static let columns = [
    "method", "LDS", "same run", "slope", "loss without top", "seconds", "MB", "scores in",
  ]

  private func cells(_ row: Row) -> [String] {
    func fixed(_ value: Double?, _ decimals: Int = 3) -> String {
      value.map { NumberText.fixed($0, decimals: decimals) } ?? ""
    }
    if let reason = row.reason {
      return [row.method, "", "", "", "", "", "", "not made: " + reason]
    }
    return [
      row.method, row.lds.map { withError($0, row.ldsError) } ?? "", fixed(row.sameRun),
      fixed(row.slope), row.queryLossDifference.map(change) ?? "", fixed(row.seconds, 1),
      row.plannedBytes.map { NumberText.fixed(Double($0) / 1e6, decimals: 0) } ?? "",
      row.unit ?? "",
    ]
  }

  private var table: TextTable {
    var table = TextTable(MethodsComparison.columns)
    for row in methods { table.append(cells(row)) }
    return table
  }

  private func change(_ loss: Double) -> String { String(format: "%+.4f", loss) }

  /// The three questions, in a line each where there is an answer.
  private var questions: [String] {
    var lines: [String] = []
    if methods.contains(where: { $0.lds != nil }) {
      lines.append("LDS: against models of other seeds on random subsets.")
    }
    if let removed {
      let share = String(format: "%.1f %%", 100 * removed)
      lines.append(
        "Same run: against this very run without \(share) of the examples at random; slope of observed "
          + "on predicted changes, 1 where the unit is true.")
      if let randomLossDifference {
        lines.append(
          "Loss without top: change of the mean loss of the queries when this very run is made without "
            + "the \(share) that the method says helped most; without random ones "
            + "\(change(randomLossDifference)).")
      }
    }
    if lines.count > 1 { lines.append("Other questions, other numbers: choose by yours.") }
    return lines
  }

  private var scored: [Row] { methods.filter { $0.reason == nil } }

  private var agreementTable: TextTable {
    var table = TextTable([""] + scored.map(\.method))
    for (row, values) in zip(scored, agreement) {
      table.append([row.method] + values.map { NumberText.fixed($0, decimals: 2) })
    }
    return table
  }

  /// For reading.
  public var text: String {
    var text = "\(run): \(scored.count) methods, \(queries) test examples\n\n" + table.text
    if !questions.isEmpty { text += "\n\n" + questions.joined(separator: "\n") }
    if scored.count > 1 {
      text += "\n\nrank correlation within a query between methods\n\n" + agreementTable.text
    }
    return text
  }

  /// The answer as a page.
  public var page: AttributionReport {
    AttributionReport(
      title: "Methods on \(run)",
      summary: questions.isEmpty
        ? "No truth is there to judge the methods by: `ascribe retrain` makes one."
        : questions.joined(separator: " "),
      sections: [
        ReportSection("Methods", .tables([ReportTable(table)])),
        ReportSection(
          "Agreement",
          introduction:
            "Spearman's correlation within a query over all training examples, mean over "
            + "queries.", .tables([ReportTable(agreementTable)])),
      ])
  }
}
