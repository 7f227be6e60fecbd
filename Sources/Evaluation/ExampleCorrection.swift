// Letters: n training examples, m queries, M subsets.
import LinearAlgebra
import Tensors

/// What a bank says about training examples for all queries together: example i matters 1 + e_i
/// times what its scores say.
///
///     y_x = b_x + s_x X (τ_x ∘ (1 + e)) + noise of variance σ_x²,   e_i ~ N(0, 1/λ)
///     (H + λI) e = Σ_x a_x ∘ Xᵀ(r_x/σ_x),   H = XᵀX ∘ Σ_x a_x a_xᵀ,   a_x = s_x τ_x/σ_x
///
/// m · M observations for n unknowns, where a datamodel has M for n. r are the residuals of the
/// scores as they are and σ their spread.
///
/// - Complexity: (M + m) n² + n³/3 flops; 2n² floats and n² doubles.
/// - Precision: H in fp32, solve in fp64; same bits for any thread count.
/// - Source: ours.
enum ExampleCorrection {
  /// Training examples up to which it is made.
  static let limit = 12_000

  /// 1 + e for every λ.
  ///
  /// - Parameters:
  ///   - rows: the subsets to fit on.
  ///   - slopes: s of every query, fitted on the same.
  ///   - precisions: λ > 0.
  static func factors(
    _ subsets: DatamodelSubsets, _ queries: FusionQueries, rows: [Int], slopes: [Double],
    precisions: [Double]
  ) throws -> [[Float]] {
    let n = subsets.centred.columns
    let masks = subsets.centred.centredRows(rows)
    let (scaled, residuals) = standardised(queries, rows: rows, slopes: slopes)
    let hadamard = symmetricProduct(MatrixView(masks).transposed)
    let scores = symmetricProduct(MatrixView(scaled).transposed)
    Workers.run(over: hadamard.count, grain: 1 << 18) { range in
      let place = hadamard.storage.base + range.lowerBound
      VectorMath.multiply(
        place, scores.storage.base + range.lowerBound, into: place, count: range.count)
    }
    // Σ_x a_x ∘ Xᵀ r_x, the residuals as m × M.
    let pulls = product(MatrixView(residuals), MatrixView(masks))
    let right = (0..<n).map { i in
      (0..<scaled.rows).reduce(0.0) {
        $0 + Double(scaled.storage.base[$1 * n + i]) * Double(pulls.storage.base[$1 * n + i])
      }
    }
    return try precisions.map { precision in
      let factor = try Cholesky(
        hadamard.double, damping: precision, name: "corrections of the examples")
      return factor.solve(right).map { Float(1 + $0) }
    }
  }

  /// a, m × n, and the residuals over their spread, m × M.
  private static func standardised(
    _ queries: FusionQueries, rows: [Int], slopes: [Double]
  ) -> (scores: Matrix<Float>, residuals: Matrix<Float>) {
    let (count, n) = (queries.scores.rows, queries.scores.columns)
    let scaled = Matrix<Float>(uninitialized: count, n)
    let residuals = Matrix<Float>(uninitialized: count, rows.count)
    for query in 0..<count {
      let p = rows.map { queries.predicted[query][$0] }
      let y = rows.map { queries.observed[query][$0] }
      let (meanP, meanY) = (mean(p), mean(y))
      let s = slopes[query]
      let r = zip(p, y).map { $1 - meanY - s * ($0 - meanP) }
      // Noise below a tenth of the spread is not believed: it would outvote all other queries.
      let sigma = max(spread(r), 0.1 * spread(y))
      let inverse = sigma > 0 ? 1 / sigma : 0
      for (place, value) in r.enumerated() {
        residuals.storage.base[query * rows.count + place] = Float(value * inverse)
      }
      for i in 0..<n {
        scaled.storage.base[query * n + i] =
          Float(s * inverse) * queries.scores.storage.base[query * n + i]
      }
    }
    return (scaled, residuals)
  }
}

extension Matrix where Scalar == Float {
  /// Some rows less their mean.
  fileprivate func centredRows(_ chosen: [Int]) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: chosen.count, columns)
    for i in 0..<columns {
      let sum = chosen.reduce(Float(0)) { $0 + storage.base[$1 * columns + i] }
      let mean = sum / Float(Swift.max(1, chosen.count))
      for (place, row) in chosen.enumerated() {
        result.storage.base[place * columns + i] = storage.base[row * columns + i] - mean
      }
    }
    return result
  }

  /// Every row times the same factors.
  func scaledColumns(_ factors: [Float]) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows, columns)
    factors.withUnsafeBufferPointer { values in
      guard let start = values.baseAddress else { return }
      for row in 0..<rows {
        VectorMath.multiply(
          storage.base + row * columns, start, into: result.storage.base + row * columns,
          count: columns)
      }
    }
    return result
  }
}
