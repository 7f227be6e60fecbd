import Tensors

/// The thin singular value decomposition of a matrix.
///
///     A = U diag(σ) Vᵀ
///
/// - Complexity: about 14 mn·min(m, n) flops on one worker, as LAPACK does them.
/// - Precision: ‖A − U diag(σ) Vᵀ‖ of order max(m, n) ε ‖A‖. Signs of vector pairs are arbitrary.
/// - Source: LAPACK `gesdd`.
public struct SVD<S: BLASScalar>: Sendable {
  /// Left singular vectors as columns, m × r with r = min(m, n).
  public let u: Matrix<S>
  /// Singular values, descending.
  public let values: [S]
  /// Right singular vectors as rows, r × n.
  public let vt: Matrix<S>

  /// Decomposes a matrix.
  ///
  /// - Parameters:
  ///   - matrix: m × n. Overwritten when it is the only copy.
  ///   - name: what errors call the matrix.
  /// - Throws: `nonFinite`; `notConverged` when LAPACK gives up, which scaled data never does.
  public init(
    _ matrix: consuming Matrix<S>, name: String = "matrix"
  ) throws(LinearAlgebraError) {
    BLAS.prepare()
    var matrix = matrix
    let (m, n) = (matrix.rows, matrix.columns)
    let rank = min(m, n)
    try requireFinite(matrix, name: name)
    u = Matrix(uninitialized: m, rank)
    vt = Matrix(uninitialized: rank, n)
    var values = [S](repeating: 0, count: rank)
    if rank > 0 {
      let info = S.gesdd(
        m: m, n: n, a: matrix.writableStorage().base, values: &values, u: u.storage.base,
        vt: vt.storage.base)
      try requireConverged(info, name, m, n, "divide and conquer")
    }
    self.values = values
  }

  /// The number of singular values above `tolerance` · σ_1; by default max(m, n) ε.
  public func rank(tolerance: S? = nil) -> Int {
    let floor = tolerance ?? S(max(u.rows, vt.columns)) * S.ulpOfOne
    guard let largest = values.first else { return 0 }
    return values.count { $0 > floor * largest }
  }
}
