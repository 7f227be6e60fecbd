import Tensors

/// A lower triangular matrix made ready once, to solve with on whatever thread calls.
///
/// `solveTriangular` prepares the triangle at each call and cuts the right-hand sides over the
/// workers; this is for callers who are slices of work themselves.
public struct TriangularSolver<S: BLASScalar>: Sendable {
  private let matrix: Matrix<S>
  private let factor: TriangularFactor<S>

  /// Inverts the small diagonal blocks.
  ///
  /// - Parameter lower: L, n × n; its upper triangle is not read, its diagonal has no zeros.
  public init(_ lower: Matrix<S>) {
    precondition(lower.rows == lower.columns, "\(lower.rows) × \(lower.columns)")
    BLAS.prepare()
    matrix = lower
    factor = TriangularFactor.inverting(MatrixView(lower))
  }

  /// B ← B L⁻ᵀ: each row b becomes L⁻¹ b.
  ///
  /// - Complexity: mn² flops, on the calling thread.
  public func solveForward(rows b: MatrixView<S>) {
    precondition(b.columns == matrix.rows, "\(b.columns) columns for order \(matrix.rows)")
    factor.solveForward(b)
  }
}
