// Letters: n examples of a group, k kept of it.
import Tensors

extension PruneStrategy {
  /// Examples of which none is far from all: farthest first, in proportion to the classes.
  static let kCenter = PruneStrategy(
    "k-center", keeps: "examples of which no other is far, in proportion to the classes",
    source: "Sener & Savarese 2018 (arXiv:1708.00489)", needs: [.features],
    cost: "n² a class, in blocks"
  ) { context, kept in
    let chosen = try FeatureSelection(context).kept(
      kept, of: Array(0..<context.count), share: .proportionally, pick: centers)
    return PruneSelection(kept: chosen, in: context) { _ in .redundant }
  }

  /// Farthest-first traversal.
  ///
  /// The example that is most like all, then always the one that is least like any that was picked;
  /// of equal ones the first.
  ///
  /// - Parameter similarity: n × n, symmetric.
  static func centers(_ similarity: Matrix<Float>, _ count: Int) -> [Int] {
    let n = similarity.rows
    let sums = (0..<n).map { similarity.row($0).reduce(Float(0), +) }
    var farness = [Float](repeating: .infinity, count: n)
    var picked: [Int] = []
    while picked.count < count {
      let best = picked.isEmpty ? largest(sums) : largest(farness)
      picked.append(best)
      let row = similarity.storage.base + best * n
      for i in 0..<n { farness[i] = min(farness[i], -row[i]) }
      for i in picked { farness[i] = -.infinity }
    }
    withExtendedLifetime(similarity) {}
    return picked
  }
}
