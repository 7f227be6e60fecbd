import Tensors

/// The thin QR factorisation of a matrix with at least as many rows as columns.
///
///     A = Q R,  the columns of Q orthonormal, R upper triangular
///
/// - Complexity: 4mn² flops on one worker, as LAPACK does them.
/// - Precision: ‖A − Q R‖ and ‖QᵀQ − I‖ of order m ε; R's diagonal may have either sign.
/// - Source: LAPACK `gelqf` and `orglq` on the transpose.
public struct QR<S: BLASScalar>: Sendable {
  /// m × n, orthonormal columns.
  public let q: Matrix<S>
  /// n × n, zero below the diagonal.
  public let r: Matrix<S>

  /// Factors a matrix.
  ///
  /// - Parameters:
  ///   - matrix: m × n, m ≥ n. Overwritten when it is the only copy.
  ///   - name: what errors call the matrix.
  /// - Throws: `nonFinite`.
  public init(
    _ matrix: consuming Matrix<S>, name: String = "matrix"
  ) throws(LinearAlgebraError) {
    precondition(matrix.rows >= matrix.columns, "\(matrix.rows) × \(matrix.columns)")
    BLAS.prepare()
    var matrix = matrix
    let (m, n) = (matrix.rows, matrix.columns)
    try requireFinite(matrix, name: name)
    r = Matrix(repeating: 0, rows: n, columns: n)
    if n > 0 {
      let base = matrix.writableStorage().base
      var tau = [S](repeating: 0, count: n)
      var info = S.geqrf(m: m, n: n, a: base, tau: &tau)
      precondition(info == 0, "gelqf argument \(-info)")
      for row in 0..<n {
        let start = row * n + row
        (r.storage.base + start).update(from: base + start, count: n - row)
      }
      info = S.orgqr(m: m, n: n, a: base, tau: tau)
      precondition(info == 0, "orglq argument \(-info)")
    }
    q = matrix
  }
}
