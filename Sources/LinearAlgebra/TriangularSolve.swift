import Tensors

/// Solves with a lower triangular matrix for many right-hand sides, in place, on the workers.
///
///     B ← B L⁻ᵀ  (each row b becomes L⁻¹ bᵀ),  or  B ← B L⁻¹  (each row becomes L⁻ᵀ bᵀ)
///
/// - Parameters:
///   - b: m × n, a right-hand side in each row; not transposed.
///   - l: n × n, not transposed; its upper triangle is not read, its diagonal has no zeros.
///   - transposed: true for L⁻ᵀ from the right, false for L⁻¹.
/// - Complexity: mn² flops.
/// - Precision: rows are cut by m alone: same bits for any worker count.
public func solveTriangular<S: BLASScalar>(
  rows b: MatrixView<S>, lower l: MatrixView<S>, transposed: Bool
) {
  precondition(
    b.columns == l.rows && !b.isTransposed,
    "\(b.rows) × \(b.columns) with a triangle of \(l.rows) × \(l.columns)")
  BLAS.prepare()
  let factor = TriangularFactor.inverting(l)
  Workers.run(over: b.rows, grain: rightHandSideGrain(b.rows)) { range in
    if transposed {
      factor.solveForward(b.rows(range))
    } else {
      factor.solveBackward(b.rows(range))
    }
  }
}

/// Right-hand sides of one slice: two slices at least, since each reads the whole triangle.
func rightHandSideGrain(_ count: Int) -> Int {
  count > 1024 ? 256 : max(16, (count / 2 + 15) / 16 * 16)
}
