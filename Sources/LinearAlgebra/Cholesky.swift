import Foundation
import Tensors

/// The Cholesky factorisation of a symmetric positive definite matrix: factor once, solve many.
///
///     A + λ I = L Lᵀ
///
/// - Complexity: n³/3 flops in place of the matrix given: pass the only copy and none is made.
/// - Precision: backward stable, residual of order n ε ‖A‖; tiles depend on the order alone and each
///   is summed in one order: same bits for any worker count.
/// - Source: LAPACK `potrf` on the diagonal tiles; left-looking tiles after Buttari et al. 2009
///   (arXiv:0709.1272).
public struct Cholesky<S: BLASScalar>: Sendable {
  /// L in the lower triangle; what stands above the diagonal has no meaning.
  public let factor: Matrix<S>
  /// L with the inverses of its diagonal blocks, on the storage of `factor`.
  let triangle: TriangularFactor<S>
  /// λ, added to the diagonal before factoring.
  public let damping: S
  /// ‖A + λ I‖₁, the largest sum of absolute values in a row.
  public let norm: S

  /// The order n of the matrix.
  public var order: Int { factor.rows }

  /// Factors a symmetric matrix.
  ///
  /// - Parameters:
  ///   - matrix: n × n; only its lower triangle is read.
  ///   - damping: λ ≥ 0, in units of the matrix's eigenvalues.
  ///   - name: what errors call the matrix.
  /// - Throws: `nonFinite` when the lower triangle has a NaN or an infinity,
  ///   `notPositiveDefinite` when a leading minor is not positive to working precision.
  public init(
    _ matrix: consuming Matrix<S>, damping: S = 0, name: String = "matrix"
  ) throws(LinearAlgebraError) {
    precondition(matrix.rows == matrix.columns, "\(matrix.rows) × \(matrix.columns)")
    precondition(damping >= 0 && damping.isFinite, "damping \(damping)")
    BLAS.prepare()
    var matrix = consume matrix
    let n = matrix.rows
    var sums = try absoluteRowSums(lowerOf: MatrixView(matrix), name: name)
    let storage = matrix.writableStorage()
    for i in 0..<n {
      storage.base[i * n + i] += damping
      sums[i] += abs(storage.base[i * n + i])
    }
    let view = MatrixView(storage: storage, rows: n, columns: n, stride: n)
    self.damping = damping
    norm = sums.max() ?? 0
    let (triangle, failedMinor) = TriangularFactor.factor(view)
    if let failedMinor {
      throw .notPositiveDefinite(
        matrix: name, order: n, minor: failedMinor, damping: Double(damping))
    }
    self.triangle = triangle
    factor = matrix
  }

  /// log det(A + λ I), summed in double precision.
  public var logDeterminant: Double {
    var sum = 0.0
    for i in 0..<order { sum += log(Double(factor.storage.base[i * order + i])) }
    return 2 * sum
  }

  /// 1 / (‖A‖₁ ‖A⁻¹‖₁), estimated (LAPACK `pocon`): below the unit roundoff, a solve means nothing.
  public var reciprocalCondition: S {
    if order == 0 { return 1 }
    return S.pocon(n: order, l: factor.storage.base, ldl: order, norm: norm)
  }
}
