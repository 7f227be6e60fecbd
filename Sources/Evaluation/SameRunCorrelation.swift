// Letters: n training examples, m queries, M removals, S seeds.
import Tensors

/// How well scores predict what the run itself does without some examples: another question than the
/// LDS of other seeds, and another number.
///
///     predicted −Σ_{i ∈ removed} τ(x, z_i),   observed f(x; run without them) − f(x; run)
///
/// - Source: METHODS.md section 7, same-run truth.
public struct SameRunCorrelation: Sendable {
  /// Spearman within each query over the removals; of several seeds against their mean.
  public let spearman: QueryCorrelation
  /// Slope of the observed on the predicted changes, all queries and removals pooled; 0 where nothing
  /// was predicted.
  public let slope: Double

  /// The agreement of scores with a bank of the run itself.
  ///
  /// - Parameters:
  ///   - scores: m × n, positive = helped.
  ///   - masks: (1 + M) × n, the first row the whole set.
  ///   - outputs: S matrices of (1 + M) × m, f of every query.
  public init(scores: Matrix<Float>, masks: Matrix<Float>, outputs: [Matrix<Float>]) {
    precondition(masks.rows > 1 && masks.columns == scores.columns, "no removals of the examples")
    let removals = 1..<masks.rows
    let away = removals.map { subset in
      (0..<masks.columns).filter { masks[subset, $0] == 0 }
    }
    let predicted = (0..<scores.rows).map { query in
      away.map { rows in -rows.reduce(0.0) { $0 + Double(scores[query, $1]) } }
    }
    let observed = outputs.map { outputs in
      (0..<scores.rows).map { query in
        removals.map { Double(outputs[$0, query]) - Double(outputs[0, query]) }
      }
    }
    spearman = QueryCorrelation(.spearman, predictions: predicted, truths: observed)
    slope = SameRunCorrelation.slope(
      of: observed.flatMap { $0.flatMap { $0 } },
      on: observed.flatMap { _ in predicted.flatMap { $0 } })
  }

  private static func slope(of y: [Double], on x: [Double]) -> Double {
    let (centerX, centerY) = (mean(x), mean(y))
    let products = zip(x, y).reduce(0.0) { $0 + ($1.0 - centerX) * ($1.1 - centerY) }
    let squares = x.reduce(0.0) { $0 + ($1 - centerX) * ($1 - centerX) }
    return squares > 0 ? products / squares : 0
  }
}
