// Letters: n order, m right-hand sides, e edge of a tile; L lower triangular.
import Tensors

/// A lower triangle L in square tiles, handed out one at a time: from memory, or from a file that
/// memory has no room for.
///
///     tile (r, c) = L[r e ..< (r + 1) e, c e ..< (c + 1) e],  c ≤ r, cut off at n
///
/// Both passes of a solve go through the rows of tiles, so that each row lies in one piece:
///
///     forward, r = 0, 1, …    x_r = (x_r − Σ_{c<r} x_c l_rcᵀ) l_rr⁻ᵀ
///     backward, r = …, 1, 0   x_r = x_r l_rr⁻¹,  then x_c −= x_r l_rc for all c < r
package protocol TriangleTiles<Scalar>: Sendable {
  /// The precision of the factor.
  associatedtype Scalar: BLASScalar

  /// n.
  var order: Int { get }
  /// e, a multiple of 64 unless it is n.
  var edge: Int { get }

  /// Calls `body` with a tile on or below the diagonal; of a diagonal one only the lower triangle is
  /// read. Called from several workers at once.
  func withTile(
    row: Int, column: Int, _ body: (MatrixView<Scalar>) throws -> Void
  ) throws
}

extension TriangleTiles {
  /// The number of rows of tiles.
  package var tileRows: Int { sliceCount(grain: edge, of: order) }

  /// The rows of L in a row of tiles.
  package func range(_ row: Int) -> Range<Int> { sliceRange(row, grain: edge, of: order) }

  /// Solves for some right-hand sides, each a row, in one pass over the tiles each way.
  ///
  ///     X = B (L Lᵀ)⁻¹
  ///
  /// - Parameter b: m × n; taken over without a copy when it is the only one.
  /// - Returns: m × n.
  /// - Throws: what `withTile` throws.
  /// - Complexity: 2mn² flops, every tile twice; 16 m e scalars of scratch.
  /// - Precision: as `Cholesky.solve(rows:)`, not its bits; the same bits wherever the tiles come
  ///   from and for any worker count.
  package func solve(rows b: consuming Matrix<Scalar>) throws -> Matrix<Scalar> {
    precondition(b.columns == order, "\(b.rows) × \(b.columns) for order \(order)")
    var b = b
    if b.count == 0 { return b }
    BLAS.prepare()
    let x = MatrixView(writing: &b)
    for row in 0..<tileRows { try forward(x, row) }
    for row in (0..<tileRows).reversed() { try backward(x, row) }
    return b
  }

  private func forward(_ x: MatrixView<Scalar>, _ row: Int) throws {
    let target = x.columns(range(row))
    // Sums of a few tiles each, cut by the row alone and added in order.
    let groups = (0..<row).blocks(of: max(1, sliceCount(grain: 16, of: row)))
    let sums = try Workers.map(slices: groups.count) { group in
      let sum = Buffer<Scalar>(uninitialized: target.rows * target.columns)
      sum.base.update(repeating: 0, count: sum.count)
      let view = MatrixView(
        storage: sum, rows: target.rows, columns: target.columns, stride: target.columns)
      for column in groups[group] {
        try withTile(row: row, column: column) { tile in
          fewRowsProduct(x.columns(range(column)), tile.transposed, view, 1)
        }
      }
      return sum
    }
    for sum in sums {
      for i in 0..<target.rows {
        Scalar.axpy(
          count: target.columns, alpha: -1, x: sum.base + i * target.columns,
          y: target.start + i * target.stride)
      }
    }
    try withDiagonal(row, sides: target.rows) { $0.solveForward(target.rows($1)) }
  }

  private func backward(_ x: MatrixView<Scalar>, _ row: Int) throws {
    let source = x.columns(range(row))
    try withDiagonal(row, sides: source.rows) { $0.solveBackward(source.rows($1)) }
    try Workers.map(slices: row) { column in
      try withTile(row: row, column: column) { tile in
        fewRowsProduct(source, tile, x.columns(range(column)), -1)
      }
    }
  }

  /// Calls `body` with a diagonal tile ready for solving, on slices of the right-hand sides.
  private func withDiagonal(
    _ row: Int, sides count: Int,
    _ body: @Sendable (TriangularFactor<Scalar>, Range<Int>) -> Void
  ) throws {
    try withTile(row: row, column: row) { tile in
      let factor = TriangularFactor.inverting(tile)
      Workers.run(over: count, grain: rightHandSideGrain(count)) { body(factor, $0) }
    }
  }
}

/// C += α A B; for few rows without packing B, which costs as much as eight of them.
private func fewRowsProduct<S: BLASScalar>(
  _ a: MatrixView<S>, _ b: MatrixView<S>, _ c: MatrixView<S>, _ alpha: S
) {
  if a.rows > 8 { return tileProduct(a, b, c, alpha, 1) }
  let stored = b.isTransposed ? b.transposed : b
  for i in 0..<a.rows {
    S.gemv(
      transpose: !b.isTransposed, m: stored.rows, n: stored.columns, alpha: alpha,
      a: stored.start, lda: stored.leading, x: a.start + i * a.stride, beta: 1,
      y: c.start + i * c.stride)
  }
}

/// The tiles of a factor in memory.
package struct FactorTiles<S: BLASScalar>: TriangleTiles {
  private let factor: MatrixView<S>
  /// e.
  package let edge: Int
  /// n.
  package var order: Int { factor.rows }

  /// Edge of the tiles of a triangle of some order: 512, a MiB of floats; of a small one, all.
  package static func standardEdge(order: Int) -> Int { min(512, max(1, order)) }

  init(_ factor: MatrixView<S>, edge: Int) { (self.factor, self.edge) = (factor, edge) }

  /// Calls `body` with a tile where it is.
  package func withTile(
    row: Int, column: Int, _ body: (MatrixView<S>) throws -> Void
  ) throws {
    try body(factor[range(row), range(column)])
  }
}

extension Cholesky {
  /// L in tiles, for solves with the same bits as from a file that keeps them.
  package var tiles: FactorTiles<S> { tiles(edge: FactorTiles<S>.standardEdge(order: order)) }

  func tiles(edge: Int) -> FactorTiles<S> { FactorTiles(MatrixView(factor), edge: edge) }
}
