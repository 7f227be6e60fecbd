// Letters: n training examples, M subsets.
import LinearAlgebra
import Tensors

/// The hyperparameters of a linear datamodel whose prior comes from scores.
public struct DatamodelPrior: Sendable, Codable, Equatable {
  /// λ: one over the variance of the corrections of examples that all queries share
  /// (`ExampleCorrection`); nil for none.
  public let correctionPrecision: Double?
  /// κ: variance of f over subsets that comes from what the scores got wrong, over the variance of
  /// noise; 0 takes the scores as they are.
  public let signalToNoise: Double
  /// φ: share of that variance that is alike for all training examples; the rest is ∝ τ².
  public let evenShare: Double
}

/// The subsets of a bank, and linear datamodels on them whose prior comes from scores.
///
///     f(S) = b + Σ_{i∈S} w_i + ε,   w_i ~ N(s τ_i, κ σ² u_i),   ε ~ N(0, σ²),   b flat
///     u_i = (1 − φ) τ_i²/g(τ²) + φ/g(1),   g(v) = tr(X diag(v) Xᵀ)/M
///     E[w] = s τ + κ u ∘ Xᵀ a,   a = (κ X diag(u) Xᵀ + I)⁻¹ (y − s X τ − b)
///
/// X (M × n) are the masks less their column means: b is flat, so the posterior is that of the masks
/// themselves. The solve is among the M subsets, not the n examples.
///
/// - Complexity: M²n flops a query for the Gram, M³/3 for a solve.
/// - Precision: Gram in fp32, all that follows in fp64; same bits for any thread count.
/// - Source: Ilyas et al. 2022 (datamodels) as Bayesian linear regression; the prior is ours.
struct DatamodelSubsets: Sendable {
  /// X, M × n.
  let centred: Matrix<Float>
  /// X Xᵀ with a mean diagonal of 1, and g(1).
  let even: DatamodelGram

  var count: Int { centred.rows }

  init(masks: Matrix<Float>) {
    let (count, n) = (masks.rows, masks.columns)
    let centred = Matrix<Float>(uninitialized: count, n)
    Workers.run(over: n, grain: 1_024) { columns in
      for i in columns {
        var sum: Float = 0
        for s in 0..<count { sum += masks.storage.base[s * n + i] }
        let mean = sum / Float(count)
        for s in 0..<count {
          centred.storage.base[s * n + i] = masks.storage.base[s * n + i] - mean
        }
      }
    }
    self.centred = centred
    even = DatamodelGram(centred)
  }

  /// X diag(τ²) Xᵀ with a mean diagonal of 1, and g(τ²).
  func gram(scores: [Float]) -> DatamodelGram {
    let n = centred.columns
    let scaled = Matrix<Float>(uninitialized: count, n)
    scores.withUnsafeBufferPointer { tau in
      guard let start = tau.baseAddress else { return }
      for s in 0..<count {
        VectorMath.multiply(
          centred.storage.base + s * n, start, into: scaled.storage.base + s * n, count: n)
      }
    }
    return DatamodelGram(scaled)
  }

  /// E[w] − s τ from the dual solution a.
  func deviations(_ dual: [Double], scores: [Float], scale: Double, _ prior: DatamodelPrior)
    -> [Double]
  {
    let scored = scale > 0 ? (1 - prior.evenShare) / scale : 0
    let level = even.scale > 0 ? prior.evenShare / even.scale : 0
    var weights = [Float](repeating: 0, count: centred.columns)
    gemv(MatrixView(centred).transposed, dual.map { Float($0) }, into: &weights)
    return weights.indices.map { i in
      let u = scored * Double(scores[i]) * Double(scores[i]) + level
      return prior.signalToNoise * u * Double(weights[i])
    }
  }
}

/// A Gram among subsets, scaled to a mean diagonal of 1.
struct DatamodelGram: Sendable {
  /// M × M; zero when the rows were.
  let matrix: Matrix<Double>
  /// The mean diagonal before scaling.
  let scale: Double

  init(_ rows: Matrix<Float>) {
    let gram = symmetricProduct(MatrixView(rows)).double
    let count = rows.rows
    scale = (0..<count).reduce(0) { $0 + gram[$1, $1] } / Double(max(1, count))
    let factor = scale > 0 ? 1 / scale : 0
    for i in 0..<gram.count { gram.storage.base[i] *= factor }
    matrix = gram
  }

  /// (1 − φ) of this and φ of another.
  func blended(with other: DatamodelGram, share: Double) -> Matrix<Double> {
    let result = Matrix<Double>(uninitialized: matrix.rows, matrix.columns)
    for i in 0..<result.count {
      result.storage.base[i] =
        (1 - share) * matrix.storage.base[i] + share * other.matrix.storage.base[i]
    }
    return result
  }
}

/// The dual solution of one query's datamodel on some of the subsets.
struct DatamodelSolution {
  /// a, one value a fitted subset.
  let dual: [Double]
  /// b.
  let intercept: Double

  /// Solves (κ G + I) a = r − b with Σ a = 0, which makes b the generalised least squares mean.
  ///
  /// - Parameters:
  ///   - gram: M × M.
  ///   - rows: the subsets to fit on.
  ///   - residuals: y − s Xτ of those.
  init(
    gram: Matrix<Double>, rows: [Int], residuals: [Double], signalToNoise: Double
  ) throws(LinearAlgebraError) {
    let count = rows.count
    guard signalToNoise > 0 else {
      intercept = mean(residuals)
      dual = [Double](repeating: 0, count: count)
      return
    }
    let kernel = Matrix<Double>(uninitialized: count, count)
    for (i, a) in rows.enumerated() {
      for (j, b) in rows.enumerated() {
        kernel.storage.base[i * count + j] =
          signalToNoise * gram.storage.base[a * gram.columns + b]
      }
    }
    let factor = try Cholesky(kernel, damping: 1, name: "datamodel kernel")
    let both = factor.solve(
      rows: Matrix(
        residuals + [Double](repeating: 1, count: count), rows: 2, columns: count))
    let (solved, ones) = (both.row(0), both.row(1))
    let b = solved.reduce(0, +) / ones.reduce(0, +)
    intercept = b
    dual = zip(solved, ones).map { $0 - b * $1 }
  }
}
