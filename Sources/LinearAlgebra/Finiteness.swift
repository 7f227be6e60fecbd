import Tensors

/// Σ_{j≠i} |a_ij| of a symmetric matrix of which the lower triangle is read, on the workers.
///
/// - Throws: `nonFinite` for the first NaN or infinity of the lower triangle.
func absoluteRowSums<S: BLASScalar>(
  lowerOf a: MatrixView<S>, name: String
) throws(LinearAlgebraError) -> [S] {
  let n = a.rows
  let grain = 256
  let slices = sliceCount(grain: grain, of: n)
  let partial = Matrix<S>(repeating: 0, rows: slices, columns: n)
  Workers.run(over: n, grain: grain) { rows in
    let sums = partial.storage.base + rows.lowerBound / grain * n
    for row in rows {
      // Left of the diagonal an element stands for two: one in its column's row, one in this row.
      let start = a.start + row * a.stride
      sums[row] += S.addAbsolute(count: row, start, to: sums) + 0 * abs(start[row])
    }
  }
  var sums = [S](repeating: 0, count: n)
  for slice in 0..<slices {
    S.axpy(count: n, alpha: 1, x: partial.storage.base + slice * n, y: &sums)
  }
  if S.firstNonFinite(count: n, sums) != nil { try requireFinite(lowerOf: a, name: name) }
  return sums
}

/// Throws for the first NaN or infinity of a lower triangle.
func requireFinite<S: BLASScalar>(
  lowerOf a: MatrixView<S>, name: String
) throws(LinearAlgebraError) {
  for row in 0..<a.rows {
    if let column = S.firstNonFinite(count: row + 1, a.start + row * a.stride) {
      throw .nonFinite(matrix: name, row: row, column: column)
    }
  }
}

/// Throws for the first NaN or infinity of a matrix.
func requireFinite<S: BLASScalar>(_ a: Matrix<S>, name: String) throws(LinearAlgebraError) {
  if let index = S.firstNonFinite(count: a.count, a.storage.base) {
    throw .nonFinite(matrix: name, row: index / a.columns, column: index % a.columns)
  }
}
