// Letters: n examples of a group, k kept of it.
import Tensors

extension PruneStrategy {
  /// Examples that stand for all others of their class: the greedy maximum of Σ_i max_{j∈S} s_ij,
  /// evenly by class.
  static let facilityLocation = PruneStrategy(
    "facility-location",
    keeps: "examples that stand for the others of their class, evenly by class",
    source: "Wei et al. 2015; Mirzasoleiman et al. 2020 (arXiv:1906.01827)", needs: [.features],
    cost: "n² a class, in blocks"
  ) { context, kept in
    let chosen = try FeatureSelection(context).kept(
      kept, of: Array(0..<context.count), share: .evenly, pick: facilities)
    return PruneSelection(kept: chosen, in: context) { _ in .redundant }
  }

  /// Lazy greedy facility location.
  ///
  ///     argmax_j Σ_i max(0, s_ij − c_i),   c_i = max over picked of s_i·, at first 0
  ///
  /// A gain only falls as more is picked, so that the largest known one, made anew and still the
  /// largest, is the maximum. Equal gains: the first row.
  ///
  /// - Parameters:
  ///   - similarity: n × n, symmetric.
  ///   - count: k.
  /// - Returns: places in the group in the order in which they are picked.
  /// - Source: Minoux 1978 for the laziness.
  static func facilities(_ similarity: Matrix<Float>, _ count: Int) -> [Int] {
    let n = similarity.rows
    let (covered, scratch) = (Buffer<Float>(uninitialized: n), Buffer<Float>(uninitialized: n))
    covered.base.update(repeating: 0, count: n)
    func gain(_ candidate: Int) -> Float {
      let row = similarity.storage.base + candidate * n
      for i in 0..<n { scratch.base[i] = max(0, row[i] - covered.base[i]) }
      return VectorMath.sum(scratch.base, count: n)
    }
    var gains = [Float](repeating: .infinity, count: n)
    var picked: [Int] = []
    while picked.count < count {
      var best = largest(gains)
      while true {
        gains[best] = gain(best)
        let next = largest(gains)
        if next == best { break }
        best = next
      }
      picked.append(best)
      gains[best] = -.infinity
      let row = similarity.storage.base + best * n
      for i in 0..<n { covered.base[i] = max(covered.base[i], row[i]) }
    }
    withExtendedLifetime((similarity, covered, scratch)) {}
    return picked
  }

  /// The place of the largest value, the first of equal ones.
  static func largest(_ values: [Float]) -> Int {
    var best = 0
    for i in values.indices where values[i] > values[best] { best = i }
    return best
  }
}
