// Letters: n training examples, m queries, C targets.
import LinearAlgebra
import Tensors

/// Ridge regression on a kernel, factored once: (K + λI) = L Lᵀ.
public struct KernelRidge: Sendable {
  /// λ.
  public let damping: Double
  let factor: Cholesky<Double>

  /// Factors K + λI.
  ///
  /// - Parameters:
  ///   - kernel: n × n; given up before the factorisation, so one n × n of doubles is the peak.
  ///   - damping: λ ≥ 0.
  /// - Throws: `LinearAlgebraError.notPositiveDefinite` when λ = 0 and K is singular.
  /// - Complexity: n³/3 flops in fp64.
  public init(kernel: consuming Matrix<Float>, damping: Double) throws {
    self.damping = damping
    let double = kernel.double
    factor = try Cholesky(double, damping: damping, name: "kernel K + λI")
  }

  /// [B (K + λI)⁻¹], row by row.
  ///
  /// - Parameter rows: m × n kernel rows of the queries.
  /// - Complexity: 2mn² flops in fp64.
  public func solve(rows: Matrix<Float>) -> Matrix<Float> {
    factor.solve(rows: rows.double).float
  }

  /// The diagonal of (K + λI)⁻¹.
  public func inverseDiagonal() -> [Double] { factor.inverseDiagonal() }

  /// The leverages [K (K + λI)⁻¹]_ii = 1 − λ ((K + λI)⁻¹)_ii, in [0, 1].
  ///
  /// - Parameter isZero: whether K_ii is 0; the leverage is 0 then, without rounding.
  public func leverages(inverseDiagonal: [Double], isZero: [Bool]) -> [Double] {
    zip(inverseDiagonal, isZero).map { $1 ? 0 : max(0, 1 - damping * $0) }
  }

  /// What each training target is from its prediction when the example is left out.
  ///
  ///     r_i = α_i / ((K + λI)⁻¹)_ii,   α = (K + λI)⁻¹ Y
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
