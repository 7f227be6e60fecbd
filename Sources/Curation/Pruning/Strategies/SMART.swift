// Letters: n training examples, k kept, c classes, v features.
import Tensors

extension PruneStrategy {
  /// How many of each class by how much its mean adds to those of the others, and in each class examples
  /// that stand for the others.
  ///
  ///     quota_c ∝ 1 + g_c + g_c²/2
  ///
  /// g_c is the gain of facility location over the classes' mean features when class c is picked by the
  /// greedy: classes that others stand for already get less. Within a class facility location.
  static let smart = PruneStrategy(
    "smart",
    keeps: "more of classes that no other stands for, and examples that stand for theirs",
    source: "Renduchintala et al. 2024 (arXiv:2403.08370)", needs: [.features, .classes],
    cost: "two reads, and n² a class, in blocks"
  ) { context, kept in
    let groups = context.rowsByClass
    let means = try classMeans(context, groups)
    let quotas = ClassQuotas.weighted(kept, of: groups.map(\.count), by: mixture(means))
    let chosen = try FeatureSelection(context).kept(
      kept, of: Array(0..<context.count), share: .given(quotas), pick: facilities)
    return PruneSelection(kept: chosen, in: context) { _ in .redundant }
  }

  /// The mean of the features of each class, at length 1; zeros of a class without examples.
  private static func classMeans(
    _ context: PruneContext, _ groups: [[Int]]
  ) throws -> Matrix<Float> {
    let features = try context.sources.features()
    let width = features.columns
    var sums = Matrix<Double>(repeating: 0, rows: groups.count, columns: width)
    let target = sums.writableStorage()
    let size = max(1, FeatureSelection.blockBytes / (4 * max(1, width)))
    for block in (0..<context.count).blocks(of: size) {
      let matrix = try features.read(block)
      for row in block {
        let label = Int(context.classes?[row] ?? 0)
        let from = matrix.storage.base + (row - block.lowerBound) * width
        let norm = VectorMath.doubleSquaredNorm(from, count: width).squareRoot()
        guard norm > 0 else { continue }
        for v in 0..<width { target.base[label * width + v] += Double(from[v]) / norm }
      }
    }
    let result = Matrix<Float>(uninitialized: groups.count, width)
    for label in groups.indices {
      let row = target.base + label * width
      let norm = (0..<width).reduce(0.0) { $0 + row[$1] * row[$1] }.squareRoot()
      for v in 0..<width {
        result.storage.base[label * width + v] = norm > 0 ? Float(row[v] / norm) : 0
      }
    }
    return result
  }

  /// 1 + g + g²/2 of each class, in the order of the classes.
  static func mixture(_ means: Matrix<Float>) -> [Double] {
    let (count, width) = (means.rows, means.columns)
    func similarity(_ a: Int, _ b: Int) -> Double {
      let sum = (0..<width).reduce(0.0) { $0 + Double(means[a, $1]) * Double(means[b, $1]) }
      return max(0, sum)
    }
    let s = (0..<count).map { a in (0..<count).map { similarity(a, $0) } }
    var covered = [Double](repeating: 0, count: count)
    var weights = [Double](repeating: 1, count: count)
    var open = Array(0..<count)
    while !open.isEmpty {
      let gains = open.map { c in
        (0..<count).reduce(0.0) { $0 + max(0, s[$1][c] - covered[$1]) }
      }
      let place = gains.indices.reduce(0) { gains[$1] > gains[$0] ? $1 : $0 }
      let (best, gain) = (open[place], gains[place])
      weights[best] = 1 + gain + gain * gain / 2
      for i in 0..<count { covered[i] = max(covered[i], s[i][best]) }
      open.remove(at: place)
    }
    return weights
  }
}
