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
  /// reliability of the mean over seeds, from split halves by Spearman–Brown; nil with one seed.
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
  /// - Complexity: 2Mmn flops and m·M log M.
  public init(
    scores: Matrix<Float>, masks: Matrix<Float>, outputs: [Matrix<Float>], resamples: Int = 200,
    seed: UInt64 = 0
  ) {
    precondition(scores.columns == masks.columns, "scores of other examples than the masks'")
    precondition(!outputs.isEmpty, "no outputs")
    let predicted = product(MatrixView(masks), MatrixView(scores).transposed)
    let subsets = masks.rows
    let queries = scores.rows
    func column(_ matrix: Matrix<Float>, _ query: Int) -> [Double] {
      (0..<subsets).map { Double(matrix[$0, query]) }
    }
    func truth(_ query: Int, _ seeds: [Int]) -> [Double] {
      (0..<subsets).map { subset in
        seeds.reduce(0.0) { $0 + Double(outputs[$1][subset, query]) } / Double(seeds.count)
      }
    }
    let all = Array(outputs.indices)
    let predictions = (0..<queries).map { column(predicted, $0) }
    let truths = (0..<queries).map { truth($0, all) }
    perQuery = zip(predictions, truths).map { rankCorrelation($0, $1) }
    lds = mean(perQuery)
    ldsError = LinearDatamodelingScore.error(
      predictions, truths, resamples: resamples, seed: seed)
    ceiling = LinearDatamodelingScore.ceiling(queries: queries, seeds: outputs.count, truth)
  }

  /// 1.96 standard deviations of the mean under resampling of queries and of subsets.
  private static func error(
    _ predictions: [[Double]], _ truths: [[Double]], resamples: Int, seed: UInt64
  ) -> Double {
    guard let subsets = predictions.first?.count, subsets > 1, resamples > 1 else { return 0 }
    let values = (0..<resamples).map { resample in
      let stream = RandomStream(seed: seed, purpose: .bootstrap, index: UInt64(resample))
      let chosen = (0..<subsets).map { stream.integer(below: subsets, at: UInt64($0)) }
      let sample = (0..<predictions.count).map {
        stream.integer(below: predictions.count, at: UInt64(subsets + $0))
      }
      return mean(
        sample.map { query in
          rankCorrelation(chosen.map { predictions[query][$0] }, chosen.map { truths[query][$0] })
        })
    }
    let center = mean(values)
    return 1.96 * mean(values.map { ($0 - center) * ($0 - center) }).squareRoot()
  }

  /// √(2r/(1 + r)) grown to all seeds: r the correlation of two halves of them.
  private static func ceiling(
    queries: Int, seeds: Int, _ truth: (Int, [Int]) -> [Double]
  ) -> Double? {
    guard seeds > 1 else { return nil }
    // Every split of one seed against another; Spearman–Brown grows one seed's reliability to all.
    var pairs: [(Int, Int)] = []
    for a in 0..<seeds { for b in a + 1..<seeds { pairs.append((a, b)) } }
    let values = (0..<queries).map { query -> Double in
      let r = mean(pairs.map { rankCorrelation(truth(query, [$0.0]), truth(query, [$0.1])) })
      let reliability = Double(seeds) * r / (1 + Double(seeds - 1) * r)
      return max(0, reliability).squareRoot()
    }
    return mean(values)
  }
}

/// The mean, 0 of nothing.
func mean(_ values: [Double]) -> Double {
  values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}
