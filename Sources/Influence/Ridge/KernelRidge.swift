// Letters: n training examples, m queries, C targets.
import LinearAlgebra
import Tensors

/// Ridge regression on a kernel, factored once: M = K + λ·diag(s) = L Lᵀ.
public struct KernelRidge: Sendable {
  /// λ.
  public let damping: Double
  /// s, how λ is spread over the examples; nil for 1.
  public let scales: [Double]?
  let factor: RidgeFactor

  /// Factors M = K + λ·diag(s).
  ///
  /// - Parameters:
  ///   - kernel: n × n; taken over when it is the only copy.
  ///   - damping: λ ≥ 0.
  ///   - scales: s > 0, n values; nil for 1.
  /// - Throws: `LinearAlgebraError.notPositiveDefinite` when λ = 0 and K is singular.
  /// - Complexity: n³/3 flops, in fp32 where the damping allows it (`RidgeFactor`).
  public init(
    kernel: consuming Matrix<Float>, damping: Double, scales: [Double]? = nil
  ) throws {
    precondition(scales.map { $0.count == kernel.rows } ?? true, "scales of other examples")
    self.damping = damping
    self.scales = scales
    factor = try RidgeFactor(kernel: consume kernel, damping: damping, scales: scales)
  }

  /// [B M⁻¹], row by row.
  ///
  /// - Parameter rows: m × n kernel rows of the queries.
  /// - Complexity: 2mn² flops.
  public func solve(rows: Matrix<Float>) -> Matrix<Float> {
    factor.solve(rows: rows)
  }

  /// The diagonal of M⁻¹.
  public func inverseDiagonal() -> [Double] { factor.inverseDiagonal() }

  /// What each training target is from its prediction when the example is left out.
  ///
  ///     r_i = α_i / (M⁻¹)_ii,   α = M⁻¹ Y
  ///
  /// Exactly the residual at i of the ridge model fitted without i.
  ///
  /// - Parameter targets: Y, n × C.
  /// - Returns: n × C.
  public func leaveOneOutResiduals(
    targets: Matrix<Double>, inverseDiagonal: [Double]
  ) -> Matrix<Double> {
    let (n, width) = (targets.rows, targets.columns)
    let transposed = Matrix<Double>(uninitialized: width, n)
    for i in 0..<n {
      for c in 0..<width {
        transposed.storage.base[c * n + i] = targets.storage.base[i * width + c]
      }
    }
    let alpha = factor.solve(rows: transposed)
    let result = Matrix<Double>(uninitialized: n, width)
    for i in 0..<n {
      for c in 0..<width {
        result.storage.base[i * width + c] = alpha.storage.base[c * n + i] / inverseDiagonal[i]
      }
    }
    return result
  }
}
