// Letters: n training examples, m queries, M removals, S seeds.
import Tensors

/// What the mean loss of the queries becomes when the very run is made again without the examples that a
/// method says helped most: the third question beside the LDS (models of other seeds on random subsets)
/// and the correlation with random removals from this very run.
///
///     1/mS Σ_{x,s} ℓ(x; run s without T) − ℓ(x; run s),   T the k examples of largest 1/m Σ_x τ(x, z_i)
///
/// In nats of a classification, positive: the loss rose, T had helped. A method that finds what counts
/// stands well above the same number of random examples.
public enum QueryLossDifference {
  /// The k examples that scores say helped the queries most, by the mean over queries; of equal ones the
  /// first.
  ///
  /// - Parameter scores: m × n, positive = helped.
  public static func helpful(_ k: Int, by scores: Matrix<Float>) -> [Int] {
    var sums = [Double](repeating: 0, count: scores.columns)
    for query in 0..<scores.rows {
      for (i, value) in scores.row(query).enumerated() { sums[i] += Double(value) }
    }
    let order = sums.indices.sorted { sums[$0] != sums[$1] ? sums[$0] > sums[$1] : $0 < $1 }
    return order.prefix(k).sorted()
  }

  /// The difference of each removal, M values.
  ///
  /// - Parameter outputs: −ℓ of every query, S matrices of (1 + M) × m, the first row the run itself.
  public static func differences(_ outputs: [Matrix<Float>]) -> [Double] {
    guard let removals = outputs.first.map({ $0.rows - 1 }), removals > 0 else { return [] }
    return (1...removals).map { removal in
      let means = outputs.map { seed -> Double in
        var sum = 0.0
        for query in 0..<seed.columns {
          sum += Double(seed[0, query]) - Double(seed[removal, query])
        }
        return sum / Double(max(1, seed.columns))
      }
      return means.reduce(0, +) / Double(means.count)
    }
  }
}
