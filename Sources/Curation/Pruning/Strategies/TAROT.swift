// Letters: n training examples, k kept, m targets, v features.
import LinearAlgebra
import Tensors

extension PruneStrategy {
  /// The share of the mean variance that is added to each before whitening.
  static let whiteningDamping = 0.1

  /// What a sample of the training examples is nearest to, by whitened features: of each of them the nearest,
  /// then of each the second nearest, and so on.
  ///
  /// Features are taken less their mean and through the inverse root of their covariance, so that
  /// directions that all examples share count no more than others, and compared by cosine. Each of the m
  /// targets has the same mass, as in the transport of the sample to what is kept.
  static let tarot = PruneStrategy(
    "tarot", keeps: "what a sample of the examples is nearest to, by whitened features",
    source: "Feng et al. 2024 (arXiv:2412.00420)", needs: [.features],
    cost: "two reads, and n times the squared number of features"
  ) { context, kept in
    let size = min(validationCount, max(1, context.count / 10))
    let targets = Array(context.randomOrder(.validation).prefix(size)).sorted()
    let near = try WhitenedFeatures(context).cosines(to: targets)
    let chosen = nearestInTurn(near, kept)
    return PruneSelection(kept: chosen, in: context) { _ in .redundant }
  }

  /// The nearest example of each target in turn that is not taken, until so many are.
  ///
  /// - Parameter cosines: m × n. Equal ones: the first row.
  static func nearestInTurn(_ cosines: Matrix<Float>, _ count: Int) -> [Int] {
    let orders = (0..<cosines.rows).map { target in
      let row = cosines.row(target)
      return row.indices.sorted { row[$0] > row[$1] || row[$0] == row[$1] && $0 < $1 }
    }
    var places = [Int](repeating: 0, count: cosines.rows)
    var isTaken = [Bool](repeating: false, count: cosines.columns)
    var taken: [Int] = []
    while taken.count < count {
      for target in orders.indices where taken.count < count {
        while places[target] < cosines.columns, isTaken[orders[target][places[target]]] {
          places[target] += 1
        }
        guard places[target] < cosines.columns else { continue }
        let row = orders[target][places[target]]
        isTaken[row] = true
        taken.append(row)
      }
    }
    return taken
  }
}

/// Features through the inverse root of their covariance, C + δ mean(diag C): L⁻¹(φ − mean), L Lᵀ the
/// covariance, whose cosines are those of any other root.
struct WhitenedFeatures {
  private let features: any FeatureRows
  private let mean: [Double]
  private let factor: Cholesky<Double>
  private let blockRows: Int

  /// - Complexity: one read of the features, nv² flops.
  init(_ context: PruneContext) throws {
    features = try context.sources.features()
    let (n, width) = (features.rows, features.columns)
    blockRows = max(1, min(4_096, FeatureSelection.blockBytes / (4 * max(1, width))))
    var sums = [Double](repeating: 0, count: width)
    let gram = Matrix<Double>(repeating: 0, rows: width, columns: width)
    for block in (0..<n).blocks(of: blockRows) {
      let rows = WhitenedFeatures.double(try features.read(block))
      for row in 0..<rows.rows {
        for v in 0..<width { sums[v] += rows.storage.base[row * width + v] }
      }
      gemm(
        MatrixView(rows).transposed, MatrixView(rows), into: MatrixView(gram), alpha: 1, beta: 1)
    }
    let mean = sums.map { $0 / Double(max(1, n)) }
    for a in 0..<width {
      for b in 0..<width {
        let place = a * width + b
        gram.storage.base[place] = gram.storage.base[place] / Double(max(1, n)) - mean[a] * mean[b]
      }
    }
    let trace = (0..<width).reduce(0.0) { $0 + gram.storage.base[$1 * width + $1] }
    let added = PruneStrategy.whiteningDamping * max(trace, .leastNormalMagnitude) / Double(width)
    for a in 0..<width { gram.storage.base[a * width + a] += added }
    self.mean = mean
    factor = try Cholesky(gram, name: "covariance of the features")
  }

  private static func double(_ rows: Matrix<Float>) -> Matrix<Double> {
    let result = Matrix<Double>(uninitialized: rows.rows, rows.columns)
    for i in 0..<rows.count { result.storage.base[i] = Double(rows.storage.base[i]) }
    return result
  }

  private func centred(_ rows: Matrix<Float>) -> Matrix<Double> {
    let result = WhitenedFeatures.double(rows)
    for row in 0..<result.rows {
      for v in 0..<result.columns { result.storage.base[row * result.columns + v] -= mean[v] }
    }
    return result
  }

  /// aᵀ C⁻¹ b / √(aᵀ C⁻¹ a · bᵀ C⁻¹ b) of some rows with all, m × n; 0 of a row at the mean.
  ///
  /// - Complexity: one read of the features, 2nv² flops.
  func cosines(to targets: [Int]) throws -> Matrix<Float> {
    let (n, width) = (features.rows, features.columns)
    let asked = Matrix<Double>(uninitialized: targets.count, width)
    for (place, row) in targets.enumerated() {
      let own = centred(try features.read(row..<row + 1))
      (asked.storage.base + place * width).update(from: own.storage.base, count: width)
    }
    let solvedTargets = factor.solve(rows: asked)
    let norms = WhitenedFeatures.rowProducts(asked, solvedTargets)
    let result = Matrix<Float>(uninitialized: targets.count, n)
    for block in (0..<n).blocks(of: blockRows) {
      let rows = centred(try features.read(block))
      let own = WhitenedFeatures.rowProducts(rows, factor.solve(rows: rows))
      let products = Matrix<Double>(uninitialized: targets.count, rows.rows)
      gemm(
        MatrixView(solvedTargets), MatrixView(rows).transposed, into: MatrixView(products),
        alpha: 1, beta: 0)
      for target in targets.indices {
        for place in 0..<rows.rows {
          let length = (norms[target] * own[place]).squareRoot()
          let value = length > 0 ? products.storage.base[target * rows.rows + place] / length : 0
          result.storage.base[target * n + block.lowerBound + place] = Float(value)
        }
      }
    }
    return result
  }

  private static func rowProducts(_ a: Matrix<Double>, _ b: Matrix<Double>) -> [Double] {
    (0..<a.rows).map { row in
      (0..<a.columns).reduce(0.0) {
        $0 + a.storage.base[row * a.columns + $1] * b.storage.base[row * a.columns + $1]
      }
    }
  }
}
