// Letters: n training examples, m queries, M subsets, S seeds.
import LinearAlgebra
import Randomness
import Tensors

/// LDS: how well sums of scores predict what retraining on subsets does.
///
///     LDS(x) = Spearman over subsets S_1…S_M of (Σ_{i∈S} τ(x, z_i), mean over seeds of f(x; θ(S)))
///
/// Reported as the mean over queries, with an interval from resampling queries and subsets, and the
/// ceiling that the noise of the truth itself allows.
///
/// - Source: Park et al. 2023; METHODS.md section 7.
public struct LinearDatamodelingScore: Sendable, Codable, Equatable {
  /// Mean over the queries.
  public let lds: Double
  /// Half the width of the 95 % bootstrap interval.
  public let ldsError: Double
  /// Correlation that a perfect prediction of the expected outputs could reach: √ of the
  /// reliability of the mean over seeds, from splits of one seed against another by
  /// Spearman–Brown; nil with one seed.
  public let ceiling: Double?
  /// LDS of every query.
  public let perQuery: [Double]

  /// The LDS of scores against a bank of retrained models.
  ///
  /// - Parameters:
  ///   - scores: m × n, positive = helped.
  ///   - masks: M × n, 1 where the example was trained on.
  ///   - outputs: S matrices of M × m, f of every query under every subset.
  ///   - resamples: bootstrap resamples.
  /// - Complexity: 2Mmn flops and O(m M (log M + resamples)).
  public init(
    scores: Matrix<Float>, masks: Matrix<Float>, outputs: [Matrix<Float>], resamples: Int = 200,
    seed: UInt64 = 0
  ) {
    precondition(scores.columns == masks.columns, "scores of other examples than the masks'")
    precondition(!outputs.isEmpty, "no outputs")
    let predicted = product(MatrixView(masks), MatrixView(scores).transposed)
    let result = QueryCorrelation(
      .spearman, predictions: predicted.columnValues, truths: outputs.map(\.columnValues),
      resamples: resamples, seed: seed)
    (lds, ldsError) = (result.mean, result.error)
    (ceiling, perQuery) = (result.ceiling, result.perQuery)
  }
}

extension LinearDatamodelingScore {
  /// The range ±r in which an LDS lies for 95 % of the ways to assign the subsets' outputs to the
  /// subsets at random, the same way for every query: what these scores reach by chance.
  ///
  /// Unlike the bootstrap interval it holds for few subsets and queries that resemble each other:
  /// random subsets are exchangeable, so that the permutation test is exact.
  ///
  /// - Parameters:
  ///   - scores: m × n.
  ///   - masks: M × n.
  ///   - outputs: S matrices of M × m.
  /// - Complexity: 2Mmn flops and O(m M (log M + permutations)).
  public static func chanceRange(
    scores: Matrix<Float>, masks: Matrix<Float>, outputs: [Matrix<Float>],
    permutations: Int = 200, seed: UInt64 = 0
  ) -> Double {
    let predicted = product(MatrixView(masks), MatrixView(scores).transposed).columnValues
      .map { unitRanks(of: $0) }
    let columns = outputs.map(\.columnValues)
    let truths = predicted.indices.map { query in
      unitRanks(
        of: (0..<masks.rows).map { subset in
          columns.reduce(0.0) { $0 + $1[query][subset] } / Double(columns.count)
        })
    }
    let found = (0..<permutations).map { permutation -> Double in
      let order = RandomStream(
        seed: seed, purpose: .bootstrap, index: 1 << 32 | UInt64(permutation)
      ).permutation(of: masks.rows)
      return abs(
        mean(
          zip(predicted, truths).map { a, b in
            order.indices.reduce(0.0) { $0 + a[$1] * b[order[$1]] }
          }))
    }
    let sorted = found.sorted()
    return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * 95 / 100)]
  }

  /// Ranks less their mean, of unit length: their products are rank correlations; 0 of a constant.
  private static func unitRanks(of values: [Double]) -> [Double] {
    let ranks = Evaluation.ranks(of: values)
    let center = mean(ranks)
    let length = ranks.reduce(0.0) { $0 + ($1 - center) * ($1 - center) }.squareRoot()
    return ranks.map { length > 0 ? ($0 - center) / length : 0 }
  }
}

extension Matrix where Scalar == Float {
  /// The values of each column.
  var columnValues: [[Double]] {
    (0..<columns).map { column in (0..<rows).map { Double(self[$0, column]) } }
  }
}

/// The mean, 0 of nothing.
func mean(_ values: [Double]) -> Double {
  values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}
