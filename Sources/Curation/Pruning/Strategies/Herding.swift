// Letters: n examples of a group, k kept of it.
import Tensors

extension PruneStrategy {
  /// Examples whose mean feature follows that of their class, in proportion to the classes.
  static let herding = PruneStrategy(
    "herding", keeps: "examples whose mean is that of their class",
    source: "Welling 2009; Chen et al. 2010 (arXiv:1203.3472)", needs: [.features],
    cost: "n² a class, in blocks"
  ) { context, kept in
    let chosen = try FeatureSelection(context).kept(
      kept, of: Array(0..<context.count), share: .proportionally, pick: herd)
    return PruneSelection(kept: chosen, in: context) { _ in .redundant }
  }

  /// Kernel herding without replacement: argmax_j (t + 1)·⟨μ, φ_j⟩ − Σ_{picked} ⟨φ_p, φ_j⟩.
  ///
  /// - Parameter similarity: ⟨φ_i, φ_j⟩, n × n. Equal values: the first row.
  static func herd(_ similarity: Matrix<Float>, _ count: Int) -> [Int] {
    let n = similarity.rows
    let means = (0..<n).map { similarity.row($0).reduce(Float(0), +) / Float(n) }
    var values = means
    var isPicked = [Bool](repeating: false, count: n)
    var picked: [Int] = []
    while picked.count < count {
      let best = largest((0..<n).map { isPicked[$0] ? -.infinity : values[$0] })
      picked.append(best)
      isPicked[best] = true
      let row = similarity.storage.base + best * n
      for i in 0..<n { values[i] += means[i] - row[i] }
    }
    withExtendedLifetime(similarity) {}
    return picked
  }
}
