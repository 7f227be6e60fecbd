/// A product of two matrices in one call of BLAS on the calling thread: for callers that cut their
/// own tiles and run them on the workers.
///
///     C = α A B + β C
///
/// - Parameters:
///   - a: m × k, may be a transposed view.
///   - b: k × n, may be a transposed view.
///   - c: m × n, not transposed, written in place; shares no storage with `a` and `b`.
/// - Precision: the bits depend on m, n and k; not those of `gemm`, which cuts large products.
public func blockProduct<S: BLASScalar>(
  _ a: MatrixView<S>, _ b: MatrixView<S>, into c: MatrixView<S>, alpha: S = 1, beta: S = 0
) {
  precondition(
    a.columns == b.rows && c.rows == a.rows && c.columns == b.columns && !c.isTransposed,
    "\(a.rows) × \(a.columns) times \(b.rows) × \(b.columns) into \(c.rows) × \(c.columns)")
  BLAS.prepare()
  if c.rows == 0 || c.columns == 0 { return }
  tileProduct(a, b, c, alpha, beta)
}
