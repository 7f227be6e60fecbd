import Tensors

extension Cholesky {
  /// A factorisation that was made before, from what a file kept of it.
  ///
  /// - Parameters:
  ///   - kept: L, n × n; only its lower triangle is read.
  ///   - damping: λ that was added before factoring.
  ///   - norm: ‖A + λ I‖₁.
  ///   - name: what errors call the matrix.
  /// - Throws: `notPositiveDefinite` when the diagonal of L is not positive: it is no factor.
  /// - Complexity: n · 64² flops, for the inverses of the diagonal blocks.
  /// - Precision: solves have the bits of the factorisation that L is from.
  public init(
    factor kept: Matrix<S>, damping: S, norm: S, name: String = "matrix"
  ) throws(LinearAlgebraError) {
    precondition(kept.rows == kept.columns, "\(kept.rows) × \(kept.columns)")
    BLAS.prepare()
    let n = kept.rows
    for i in 0..<n {
      let diagonal = kept.storage.base[i * n + i]
      guard diagonal > 0, diagonal.isFinite else {
        throw .notPositiveDefinite(
          matrix: name, order: n, minor: i + 1, damping: Double(damping))
      }
    }
    triangle = TriangularFactor.inverting(MatrixView(kept))
    self.damping = damping
    self.norm = norm
    factor = kept
  }
}
