import Tensors

/// A matrix times its own transpose, on the workers.
///
///     C = α A Aᵀ + β C
///
/// Only tiles on and below the diagonal are computed; the upper triangle is their mirror image, so
/// the result is symmetric to the last bit. Aᵀ A is `symmetricProduct(a.transposed, into: c)`.
///
/// - Parameters:
///   - a: n × k, may be a transposed view.
///   - c: n × n, not transposed, written in place; with β ≠ 0 its lower triangle is read. With
///     β = 0 it may be uninitialised.
/// - Complexity: n²k flops.
/// - Precision: tiles depend on n and k alone: same bits for any worker count.
public func symmetricProduct<S: BLASScalar>(
  _ a: MatrixView<S>, into c: MatrixView<S>, alpha: S = 1, beta: S = 0
) {
  fillLowerTiles(a, c, alpha, beta) { rows, columns in
    mirror(c[rows, columns], to: c[columns, rows], isDiagonal: rows == columns)
  }
}

/// The lower triangle of A Aᵀ as a new matrix, on the workers; the bits are those of
/// `symmetricProduct`.
///
/// - Parameter a: n × k, may be a transposed view.
/// - Returns: n × n; what stands above the diagonal has no meaning. Pages of a large matrix that are
///   all above it are never touched: it takes the memory of half.
/// - Complexity: n²k flops.
public func lowerProduct<S: BLASScalar>(_ a: MatrixView<S>) -> Matrix<S> {
  let result = Matrix<S>(uninitialized: a.rows, a.rows)
  fillLowerTiles(a, MatrixView(result), 1, 0) { _, _ in }
  return result
}

/// C = α A Aᵀ + β C in the tiles on and below the diagonal; `finish` is called for each.
private func fillLowerTiles<S: BLASScalar>(
  _ a: MatrixView<S>, _ c: MatrixView<S>, _ alpha: S, _ beta: S,
  finish: @Sendable (_ rows: Range<Int>, _ columns: Range<Int>) -> Void
) {
  precondition(
    c.rows == a.rows && c.columns == a.rows && !c.isTransposed,
    "\(a.rows) × \(a.columns) times its transpose into \(c.rows) × \(c.columns)")
  BLAS.prepare()
  let grain = symmetricGrain(n: a.rows, k: a.columns)
  let tiles = lowerTiles(order: a.rows, grain: grain)
  Workers.run(slices: tiles.count) { index in
    let (rows, columns) = tiles[index]
    let tile = c[rows, columns]
    if rows == columns {
      let part = a.rows(rows)
      S.syrk(
        transpose: a.isTransposed, n: rows.count, k: a.columns, alpha: alpha, a: part.start,
        lda: part.leading, beta: beta, c: tile.start, ldc: tile.leading)
    } else {
      tileProduct(a.rows(rows), a.rows(columns).transposed, tile, alpha, beta)
    }
    finish(rows, columns)
  }
}

/// The product A Aᵀ as a new matrix, on the workers.
public func symmetricProduct<S: BLASScalar>(_ a: MatrixView<S>) -> Matrix<S> {
  let result = Matrix<S>(uninitialized: a.rows, a.rows)
  symmetricProduct(a, into: MatrixView(result))
  return result
}

/// Edge of the tiles: small enough for a few tiles a worker, large enough to be worth a call.
private func symmetricGrain(n: Int, k: Int) -> Int {
  if Double(n) * Double(n) * Double(max(1, k)) < 2 * TilePlan.smallestTile { return max(1, n) }
  return min(512, max(64, (n / 6 + 31) / 32 * 32))
}

/// Copies a tile to its place on the other side of the diagonal; of a diagonal tile, what is below.
func mirror<S: BLASScalar>(_ tile: MatrixView<S>, to image: MatrixView<S>, isDiagonal: Bool) {
  func transpose(_ rows: Range<Int>, _ columns: Range<Int>) {
    let (from, to) = (tile[rows, columns], image[columns, rows])
    S.transpose(
      rows: rows.count, columns: columns.count, from: from.start, stride: from.stride,
      to: to.start, stride: to.stride)
  }
  if !isDiagonal { return transpose(0..<tile.rows, 0..<tile.columns) }
  for top in stride(from: 0, to: tile.rows, by: 16) {
    let bottom = min(top + 16, tile.rows)
    transpose(top..<bottom, 0..<top)
    for row in top..<bottom { transpose(row..<row + 1, top..<row) }
  }
}

/// Tiles that cover a square on and below its diagonal, the lowest, which are the largest, first:
/// squares on the diagonal, and left of each of them wide tiles.
func lowerTiles(order: Int, grain: Int) -> [(rows: Range<Int>, columns: Range<Int>)] {
  var tiles: [(rows: Range<Int>, columns: Range<Int>)] = []
  for rows in (0..<order).blocks(of: grain).reversed() {
    for left in (0..<rows.lowerBound).blocks(of: 4 * grain) { tiles.append((rows, left)) }
    tiles.append((rows, rows))
  }
  return tiles
}
