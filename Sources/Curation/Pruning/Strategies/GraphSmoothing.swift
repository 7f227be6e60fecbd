// Letters: n examples of a group, k kept of it, r neighbours.
import Foundation
import Tensors

extension PruneStrategy {
  /// Neighbours in the graph.
  static let neighbours = 5

  /// The hardest by AUM in hard neighbourhoods, none of them beside another: scores are smoothed over the
  /// graph of nearest neighbours, and each pick takes from its neighbours.
  ///
  ///     h_i ← h_i + Σ_{j ~ i} e_ij h_j,   and after i is picked   h_j ← h_j − e_ij h_i
  ///
  /// h is the place of an example's AUM in its group, 0 for the easiest and 1 for the hardest; e_ij =
  /// exp(−γ(1 − s_ij)) of the r = 5 most similar others, γ one over the mean of 1 − s over all edges.
  static let graphSmoothing = PruneStrategy(
    "graph-smoothing", keeps: "the hardest by AUM of hard neighbourhoods, apart from each other",
    source: "Maharana et al. 2023, D² pruning (arXiv:2310.07931)", needs: [.dynamics, .features],
    cost: "n² a class, in blocks"
  ) { context, kept in
    let hardness = try context.standardHardness()
    let chosen = try FeatureSelection(context).kept(
      kept, of: Array(0..<context.count), share: .proportionally
    ) { similarity, rows, count in
      smoothed(similarity, rows.map { hardness[$0] }, count)
    }
    return PruneSelection(kept: chosen, in: context) { _ in .redundant }
  }

  /// - Parameters:
  ///   - similarity: s, n × n.
  ///   - hardness: n values, higher = harder.
  /// - Returns: places in the group in the order in which they are picked; equal values: the first row.
  static func smoothed(
    _ similarity: Matrix<Float>, _ hardness: [Float], _ count: Int
  ) -> [Int] {
    let n = similarity.rows
    let edges = nearest(similarity)
    let distances = edges.flatMap { $0.map { 1 - Double($0.similarity) } }
    let mean = distances.reduce(0, +) / Double(max(1, distances.count))
    func weight(_ similarity: Float) -> Double {
      mean > 0 ? exp(-(1 - Double(similarity)) / mean) : 1
    }
    var places = [Double](repeating: 0, count: n)
    let order = (0..<n).sorted {
      hardness[$0] < hardness[$1] || hardness[$0] == hardness[$1] && $0 > $1
    }
    for (place, row) in order.enumerated() { places[row] = Double(place) / Double(max(1, n - 1)) }
    var values = places
    for i in 0..<n {
      for edge in edges[i] { values[i] += weight(edge.similarity) * places[edge.row] }
    }
    var isPicked = [Bool](repeating: false, count: n)
    var picked: [Int] = []
    while picked.count < count {
      var best = -1
      for i in 0..<n where !isPicked[i] && (best < 0 || values[i] > values[best]) { best = i }
      isPicked[best] = true
      picked.append(best)
      for edge in edges[best] { values[edge.row] -= weight(edge.similarity) * values[best] }
    }
    return picked
  }

  /// The most similar others of each example, the nearest first; of equal ones the first row.
  private static func nearest(
    _ similarity: Matrix<Float>
  ) -> [[(row: Int, similarity: Float)]] {
    (0..<similarity.rows).map { i in
      var best: [(row: Int, similarity: Float)] = []
      let row = similarity.row(i)
      for (j, value) in row.enumerated() where j != i {
        if best.count == neighbours, value <= best[neighbours - 1].similarity { continue }
        let place = best.firstIndex { value > $0.similarity } ?? best.count
        best.insert((j, value), at: place)
        if best.count > neighbours { best.removeLast() }
      }
      return best
    }
  }
}
