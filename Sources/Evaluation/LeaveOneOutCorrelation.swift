// Letters: n training examples, m queries, K left-out examples, M = K + 1 subsets, S seeds.
import Tensors

/// How well scores predict what leaving out single examples does.
///
///     Δ[j,i] = mean over seeds of f(x_j; θ(all)) − f(x_j; θ(all but z_i))
///
/// correlated over the left-out examples with τ[j,i], query by query. Seeds are paired: both models
/// start alike. One example's effect is small beside the noise of training: read the ceiling.
///
/// - Source: Koh & Liang 2017, section 4; METHODS.md section 7.
public struct LeaveOneOutCorrelation: Sendable, Equatable {
  /// Pearson's correlation.
  public let pearson: QueryCorrelation
  /// Spearman's rank correlation.
  public let spearman: QueryCorrelation
  /// Rows of the training set that were left out, K of them.
  public let rows: [Int]

  /// The agreement of scores with a leave-one-out bank.
  ///
  /// - Parameters:
  ///   - scores: m × n, positive = helped.
  ///   - design: a leave-one-out design.
  ///   - outputs: S matrices of M × m.
  /// - Throws: `EvaluationError.notABank` when the design has no full set.
  public init(
    scores: Matrix<Float>, design: SubsetDesign, outputs: [Matrix<Float>], file: String,
    resamples: Int = 200, seed: UInt64 = 0
  ) throws(EvaluationError) {
    guard let full = design.roles.firstIndex(where: { $0.side == .full }) else {
      throw .notABank(problem: "it has no models of the whole training set", file: file)
    }
    let left = design.roles.indices.filter { design.roles[$0].side == .leftOut }
    rows = left.compactMap { design.roles[$0].row }
    precondition(rows.allSatisfy { $0 < scores.columns }, "rows beyond \(scores.columns)")
    let rows = rows
    let predictions = (0..<scores.rows).map { query in rows.map { Double(scores[query, $0]) } }
    let truths = outputs.map { output in
      (0..<scores.rows).map { query in
        left.map { Double(output[full, query]) - Double(output[$0, query]) }
      }
    }
    func result(_ statistic: QueryCorrelation.Statistic) -> QueryCorrelation {
      QueryCorrelation(
        statistic, predictions: predictions, truths: truths, resamples: resamples, seed: seed)
    }
    (pearson, spearman) = (result(.pearson), result(.spearman))
  }
}
