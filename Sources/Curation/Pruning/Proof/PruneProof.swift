// Letters: S seeds of the chosen subset, J random subsets, m test examples.
import Evaluation
import Foundation

/// Whether a pruning is better than random ones of the same size, with what is not known of it.
public struct PruneProof: Sendable, Codable, Equatable {
  /// What the interval says.
  public enum Verdict: String, Sendable, Codable, CaseIterable {
    /// All of it is above 0.
    case better
    /// All of it is below 0.
    case worse
    /// 0 is in it.
    case unresolved
  }

  /// What each source of chance adds: halves of 95 % intervals in the unit of the difference, whose
  /// squares add up to that of the whole.
  public struct Parts: Sendable, Codable, Equatable {
    /// The seeds of the chosen subset's models.
    public let seeds: Double
    /// Which random subsets were drawn, and that the chosen one could be one of them.
    public let subsets: Double
    /// Which test examples there are, paired.
    public let test: Double
  }

  /// What would be enough to resolve a difference as large as the one that was seen; absent where no
  /// number of them alone is.
  public struct Needs: Sendable, Codable, Equatable {
    /// Test examples beside those there are.
    public let testExamples: Int?
    /// Models beside those there are, of the chosen and of random subsets alike.
    public let models: Int?
  }

  /// The chosen subset's mean less that of random ones: points of accuracy, or of numbers and
  /// sequences the fall of the loss; positive = better.
  public let difference: Double
  /// The ends of its 95 % interval.
  public let low, high: Double
  /// What that says.
  public let verdict: Verdict
  /// Models of the chosen subset.
  public let seeds: Int
  /// Random subsets, a model each.
  public let randomSubsets: Int
  /// Where the interval comes from.
  public let parts: Parts
  /// The means that are compared, in the same unit: per cent right, or minus the loss; `whole` of all
  /// examples.
  public let chosen, random, whole: Double
  /// The same of the strategy turned around; absent where it has no opposite.
  public let opposite: Double?
  /// What would resolve it; absent where it is resolved.
  public let needs: Needs?

  /// The comparison.
  ///
  ///     d = mean_s a_s − mean_j b_j
  ///     V = v_a/S  +  v_b/J + σ²  +  max(0, Var_x d_x − w_a/S − w_b/J)/m
  ///     σ² = max(0, v_b − v_a)
  ///
  /// a_s and b_j are means over the test set of models of the chosen and of random subsets, v their
  /// variances over models, d_x the difference at one test example, w the mean over test examples of
  /// the variance over models. σ² is what random subsets differ by beside their seeds: a chosen
  /// subset that is no better than a random one differs from their mean by as much. In the test part
  /// what models vary by is not counted twice. The interval is Student's with the degrees of freedom of
  /// Satterthwaite 1946 of the three parts, rounded down.
  ///
  /// - Parameters:
  ///   - chosen: S ≥ 2 models by m test examples.
  ///   - random: J ≥ 2 models, each of another subset and one of the chosen's seeds.
  ///   - whole: models of all examples.
  ///   - opposite: models of the opposite; none where there is none.
  /// - Precision: of normal values with S = 5 and J = 10 random against random is called different in 1 %
  ///   (subsets alike) to 8 % of trials (seeds and subsets vary as much); Documentation/PRUNING.md has
  ///   what was measured.
  /// - Source: the variance of crossed samples of models and test examples, Owen 2007
  ///   (arXiv:0712.1111).
  package init(
    chosen: [[Double]], random: [[Double]], whole: [[Double]] = [], opposite: [[Double]] = []
  ) {
    let (a, b) = (Sample(chosen), Sample(random))
    precondition(a.count > 1 && b.count > 1 && a.examples == b.examples, "too few models")
    difference = a.mean - b.mean
    let m = Double(a.examples)
    let sigma = max(0, b.variance - a.variance)
    let parts = (
      seeds: a.variance / Double(a.count), subsets: b.variance / Double(b.count) + sigma,
      test: max(
        0,
        Sample.variance(zip(a.byExample, b.byExample).map { $0 - $1 })
          - a.within / Double(a.count) - b.within / Double(b.count)) / m
    )
    let variance = parts.seeds + parts.subsets + parts.test
    let terms = [
      (parts.seeds, Double(a.count - 1)), (parts.subsets, Double(b.count - 1)),
      (parts.test, max(1, m - 1)),
    ]
    let spread = terms.reduce(0.0) { $0 + $1.0 * $1.0 / $1.1 }
    let degrees = spread > 0 ? variance * variance / spread : 1_000_000
    let quantile = StudentQuantile.both(
      .ninetyFive, degrees: Int(min(1_000_000, max(1, degrees))))
    let half = quantile * variance.squareRoot()
    (low, high) = (difference - half, difference + half)
    // Models that never differ tell nothing of how much they could.
    verdict = low > 0 ? .better : high < 0 ? .worse : .unresolved
    (seeds, randomSubsets) = (a.count, b.count)
    self.parts = Parts(
      seeds: quantile * parts.seeds.squareRoot(), subsets: quantile * parts.subsets.squareRoot(),
      test: quantile * parts.test.squareRoot())
    (self.chosen, self.random) = (a.mean, b.mean)
    self.whole = Sample(whole).mean
    self.opposite = opposite.isEmpty ? nil : Sample(opposite).mean
    needs =
      verdict == .unresolved
      ? Needs(
        allowed: pow(difference / quantile, 2), fixed: sigma,
        models: (parts.seeds + b.variance / Double(b.count), a.count + b.count),
        test: (parts.test, a.examples))
      : nil
  }
}

extension PruneProof.Needs {
  /// How much of one part alone brings the variance down to what is allowed.
  fileprivate init(
    allowed: Double, fixed: Double, models: (variance: Double, count: Int),
    test: (variance: Double, count: Int)
  ) {
    func more(_ part: (variance: Double, count: Int), beside others: Double) -> Int? {
      let room = allowed - others
      guard room > 0 else { return nil }
      let count = Double(part.count) * (part.variance / room - 1)
      return count <= 1e9 ? max(1, Int(count.rounded(.up))) : nil
    }
    testExamples = more(test, beside: fixed + models.variance)
    self.models = more(models, beside: fixed + test.variance)
  }
}

/// Values of some models on the same test examples.
private struct Sample {
  let count, examples: Int
  /// Over models and test examples.
  let mean: Double
  /// Over models, of each test example.
  let byExample: [Double]
  /// Of the models' means.
  let variance: Double
  /// The mean over test examples of the variance over models.
  let within: Double

  init(_ values: [[Double]]) {
    let (count, examples) = (values.count, values.first?.count ?? 0)
    (self.count, self.examples) = (count, examples)
    let means = values.map { $0.reduce(0, +) / Double(max(1, examples)) }
    mean = means.reduce(0, +) / Double(max(1, count))
    variance = Sample.variance(means)
    byExample = (0..<examples).map { x in values.reduce(0) { $0 + $1[x] } / Double(count) }
    within =
      (0..<examples).reduce(0.0) { sum, x in sum + Sample.variance(values.map { $0[x] }) }
      / Double(max(1, examples))
  }

  /// With n − 1 in the denominator; 0 of one value.
  static func variance(_ values: [Double]) -> Double {
    guard values.count > 1 else { return 0 }
    let center = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(values.count - 1)
  }
}
