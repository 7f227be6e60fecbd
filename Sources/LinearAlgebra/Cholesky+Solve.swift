import Tensors

extension Cholesky {
  /// Solves for one right-hand side: (A + λ I)⁻¹ b.
  public func solve(_ b: [S]) -> [S] {
    solve(rows: Matrix(b, rows: 1, columns: b.count)).elements
  }

  /// Solves for many right-hand sides, each a row.
  ///
  ///     X = B (A + λ I)⁻¹
  ///
  /// - Parameter b: m × n; taken over without a copy when it is the only one.
  /// - Returns: m × n, row i the solution for row i.
  /// - Complexity: 2mn² flops, in slices of rows on the workers.
  /// - Precision: backward stable, ‖x − x*‖ / ‖x*‖ of order n ε / `reciprocalCondition`; same bits
  ///   for any worker count.
  public func solve(rows b: consuming Matrix<S>) -> Matrix<S> {
    solve(b, bothSides: true)
  }

  /// Half of a solve: X = B L⁻ᵀ, so that X Xᵀ = B (A + λ I)⁻¹ Bᵀ.
  ///
  /// - Parameter b: m × n; taken over without a copy when it is the only one.
  /// - Returns: m × n, row i is L⁻¹ b_i.
  /// - Complexity: mn² flops.
  public func halfSolve(rows b: consuming Matrix<S>) -> Matrix<S> {
    solve(b, bothSides: false)
  }

  private func solve(_ b: consuming Matrix<S>, bothSides: Bool) -> Matrix<S> {
    precondition(b.columns == order, "\(b.rows) × \(b.columns) for order \(order)")
    var b = b
    let x = MatrixView(
      storage: b.writableStorage(), rows: b.rows, columns: order, stride: order)
    Workers.run(over: x.rows, grain: rightHandSideGrain(x.rows)) { range in
      let slice = x.rows(range)
      triangle.solveForward(slice)
      if bothSides { triangle.solveBackward(slice) }
    }
    return b
  }
}
