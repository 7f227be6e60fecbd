// Letters: n rows, k columns, r rows of a piece.
import Tensors

/// Adds the product of a float matrix's transpose with itself to a matrix in double.
///
///     C += Aᵀ A       (on and below the diagonal; above it C is left as it is)
///
/// Pieces of r = 256 rows are multiplied in fp32, at twice the rate of fp64, and their products are
/// added up in fp64, so the error does not grow with n.
///
/// - Parameters:
///   - a: n × k.
///   - c: k × k, not transposed, written in place.
/// - Complexity: nk² flops, k²/512 conversions a row; a tile of scratch a worker.
/// - Precision: with u = 2⁻²⁴, for every entry
///
///       |ΔC_ij| ≤ γ_r Σ_n |a_ni a_nj| ≤ γ_r √(C_ii C_jj),   γ_r = r u / (1 − r u) = 1.5e-5
///
///   at the worst, where all roundings of a piece point one way; as random ones they come to about
///   √(r/3) u = 6e-7 of a piece's Σ|a_ni a_nj|, and √(r/n) of that over n/r pieces: 1e-7 at
///   n = 10,000. Tiles and pieces depend on n and k alone: same bits for any worker count.
/// - Source: blocked summation, Higham 2002, *Accuracy and Stability of Numerical Algorithms*, 4.2.
public func addSymmetricProduct(ofTransposed a: MatrixView<Float>, to c: MatrixView<Double>) {
  precondition(
    c.rows == a.columns && c.columns == a.columns && !c.isTransposed && !a.isTransposed,
    "\(a.rows) × \(a.columns) transposed times itself to \(c.rows) × \(c.columns)")
  BLAS.prepare()
  let edge = min(256, max(96, (a.columns / 6 + 31) / 32 * 32))
  var tiles: [(rows: Range<Int>, columns: Range<Int>)] = []
  for rows in (0..<a.columns).blocks(of: edge).reversed() {
    for columns in (0..<rows.upperBound).blocks(of: edge) { tiles.append((rows, columns)) }
  }
  let all = tiles
  Workers.run(slices: all.count) { index in
    let (rows, columns) = all[index]
    let scratch = MatrixView<Float>(
      storage: Buffer(uninitialized: rows.count * columns.count), rows: rows.count,
      columns: columns.count, stride: columns.count)
    for piece in (0..<a.rows).blocks(of: mixedProductRows) {
      let left = a[piece, rows]
      if rows == columns {
        Float.syrk(
          transpose: true, n: rows.count, k: piece.count, alpha: 1, a: left.start,
          lda: left.leading, beta: 0, c: scratch.start, ldc: scratch.leading)
      } else {
        tileProduct(left.transposed, a[piece, columns], scratch, 1, 0)
      }
      add(scratch, to: c[rows, columns], isDiagonal: rows == columns)
    }
  }
}

/// Rows whose products are summed in fp32.
public let mixedProductRows = 256

private func add(_ x: MatrixView<Float>, to y: MatrixView<Double>, isDiagonal: Bool) {
  for row in 0..<x.rows {
    let (source, target) = (x.start + row * x.stride, y.start + row * y.stride)
    for column in 0..<(isDiagonal ? row + 1 : x.columns) {
      target[column] += Double(source[column])
    }
  }
}
