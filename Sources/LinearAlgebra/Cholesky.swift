import Foundation
import Tensors

/// The Cholesky factorisation of a symmetric positive definite matrix: factor once, solve many.
///
///     A + λ I = L Lᵀ
///
/// - Complexity: n³/3 flops in place of the matrix given: pass the only copy and none is made.
/// - Precision: tiles of the order alone, each summed in one order: same bits for any worker count.
/// - Source: LAPACK `potrf` on the diagonal tiles; left-looking tiles after Buttari et al. 2009
///   (arXiv:0709.1272).
public struct Cholesky<S: BLASScalar>: Sendable {
  /// L in the lower triangle; what stands above the diagonal has no meaning.
  public let factor: Matrix<S>
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
    var matrix = matrix
    let n = matrix.rows
    try requireFinite(lowerOf: MatrixView(matrix), name: name)
    let storage = matrix.writableStorage()
    for i in 0..<n { storage.base[i * n + i] += damping }
    let view = MatrixView(storage: storage, rows: n, columns: n, stride: n)
    self.damping = damping
    norm = absoluteRowSums(lowerOf: view).max() ?? 0
    let failedMinor = factorInPlace(view)
    if failedMinor > 0 {
      throw .notPositiveDefinite(
        matrix: name, order: n, minor: failedMinor, damping: Double(damping))
    }
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

/// Throws for the first NaN or infinity of a lower triangle.
func requireFinite<S: BLASScalar>(
  lowerOf a: MatrixView<S>, name: String
) throws(LinearAlgebraError) {
  for row in 0..<a.rows {
    if let column = S.firstNonFinite(count: row + 1, a.start + row * a.stride) {
      throw .nonFinite(matrix: name, row: row, column: column)
    }
  }
}

/// Throws for the first NaN or infinity of a matrix.
func requireFinite<S: BLASScalar>(_ a: Matrix<S>, name: String) throws(LinearAlgebraError) {
  if let index = S.firstNonFinite(count: a.count, a.storage.base) {
    throw .nonFinite(matrix: name, row: index / a.columns, column: index % a.columns)
  }
}

/// Σ_j |a_ij| of a symmetric matrix of which the lower triangle is read.
func absoluteRowSums<S: BLASScalar>(lowerOf a: MatrixView<S>) -> [S] {
  let n = a.rows
  let sums = Buffer<S>(uninitialized: n)
  sums.base.update(repeating: 0, count: n)
  for row in 0..<n {
    let start = a.start + row * a.stride
    // Left of the diagonal an element stands for two: one in its column's row, one in this row.
    sums.base[row] += S.addAbsolute(count: row, start, to: sums.base) + abs(start[row])
  }
  return Array(UnsafeBufferPointer(start: sums.base, count: n))
}
