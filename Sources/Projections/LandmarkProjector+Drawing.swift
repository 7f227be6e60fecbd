import Factors
import Randomness
import Tensors

extension LandmarkProjector {
  /// The rows of k landmarks out of n examples, drawn without replacement.
  ///
  /// Draws are nested: those for a smaller k are the first of those for a larger one, so that more
  /// landmarks never lose any of the trace.
  ///
  /// - Throws: `dimensionOutOfRange` unless 1 ≤ k ≤ n.
  public static func drawnRows(
    _ k: Int, of n: Int, seed: UInt64
  ) throws(ProjectionError) -> [Int] {
    let allowed = 1...max(1, n)
    if n < 1 || !allowed.contains(k) {
      throw .dimensionOutOfRange(kind: .landmarks, dimension: k, allowed: allowed)
    }
    return RandomStream(seed: seed, purpose: .landmarks).sample(k, of: n)
  }

  /// A projector on k landmarks drawn from training gradients.
  ///
  /// - Throws: as `drawnRows` and the projector's other initialiser.
  public init(drawing k: Int, from training: ExampleGradients, seed: UInt64) throws {
    let rows = try LandmarkProjector.drawnRows(k, of: training.count, seed: seed)
    try self.init(
      landmarks: training.gathered(rows), rows: rows, population: training.count, seed: seed)
  }
}

/// The share of the kernel's trace that features keep: Σ‖φ_i‖² / Σκ(z_i, z_i).
///
/// - Parameters:
///   - features: n × k.
///   - kernelDiagonal: n squared norms of the gradients, as `ExampleGradients.squaredNorms()`.
/// - Returns: 1 when nothing is lost, and for gradients that are all zero; for `landmarks` at most 1
///   up to rounding, for random projections 1 in the mean.
/// - Precision: sums in double, in the order of examples.
public func traceShare(features: Matrix<Float>, kernelDiagonal: [Float]) -> Double {
  precondition(
    features.rows == kernelDiagonal.count, "\(features.rows) rows, \(kernelDiagonal.count) norms")
  let norms = Buffer<Double>(uninitialized: features.rows)
  Workers.run(over: features.rows, grain: 256) { rows in
    for i in rows {
      norms.base[i] = VectorMath.doubleSquaredNorm(
        features.storage.base + i * features.columns, count: features.columns)
    }
  }
  let kept = (0..<features.rows).reduce(0.0) { $0 + norms.base[$1] }
  let total = kernelDiagonal.reduce(0.0) { $0 + Double($1) }
  return total > 0 ? kept / total : 1
}
