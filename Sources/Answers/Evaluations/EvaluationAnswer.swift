import Reports

/// How well scores do: values for other programs, and the same for reading and as a page.
public protocol EvaluationAnswer: Answer, Equatable {
  /// The answer as a page. Charts of what the fields leave out, such as the value of every query
  /// behind a mean, are on the page that the job gives (`Evaluated`).
  var page: AttributionReport { get }
}

/// An answer with its whole page.
public struct Evaluated<Answer: EvaluationAnswer>: Sendable, Equatable {
  /// The answer.
  public let answer: Answer
  /// Its page, with charts of what the answer's fields leave out.
  public let page: AttributionReport

  package init(_ answer: Answer, page: AttributionReport? = nil) {
    (self.answer, self.page) = (answer, page ?? answer.page)
  }
}

/// A value with half the width of its interval: `0.612 ± 0.021`.
func withError(_ value: Double, _ error: Double?, decimals: Int = 3) -> String {
  NumberText.fixed(value, decimals: decimals)
    + (error.map { " ± " + NumberText.fixed($0, decimals: decimals) } ?? "")
}

extension ReportSection {
  /// The LDS of each query, by what scored.
  static func queries(_ groups: [Histogram.Group]) -> ReportSection {
    .queries(
      Histogram(
        title: "LDS of each query", x: ChartAxis("Spearman correlation over subsets"),
        groups: groups))
  }

  /// A value of each query.
  static func queries(_ histogram: Histogram) -> ReportSection {
    ReportSection("Queries", .charts([ReportChart(svg: histogram.svg())]))
  }
}
