// Letters: n training examples, m queries, M subsets, S seeds.
import LinearAlgebra
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
