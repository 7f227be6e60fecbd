import Tensors

extension Cholesky {
  /// The diagonal of the inverse, without the inverse.
  ///
  ///     ((A + λ I)⁻¹)_ii = Σ_k (L⁻¹)_ki²
  ///
  /// - Returns: n scalars.
  /// - Complexity: n³/3 flops; a few hundred rows of scratch for each worker.
  /// - Precision: a sum of squares, nothing cancels; same bits for any worker count.
  public func inverseDiagonal() -> [S] {
    let n = order
    let result = Buffer<S>(uninitialized: n)
    Workers.run(over: n, grain: inverseGrain) { rows in
      // Rows of L⁻ᵀ are zero left of the diagonal: what is left starts at rows.lowerBound.
      let wide = n - rows.lowerBound
      let scratch = Buffer<S>(uninitialized: rows.count * wide)
      let x = MatrixView(storage: scratch, rows: rows.count, columns: wide, stride: wide)
      fillInverseRows(x, rows)
      for (i, row) in rows.enumerated() {
        // The first i are zeros of the triangle.
        let start = scratch.base + i * wide + i
        result.base[row] = S.dot(count: wide - i, x: start, y: start)
      }
    }
    return Array(UnsafeBufferPointer(start: result.base, count: n))
  }

  /// The inverse (A + λ I)⁻¹ as a full symmetric matrix.
  ///
  /// For solving, `solve(rows:)` is twice as fast and more accurate.
  ///
  /// - Complexity: 2n³/3 flops beyond the factorisation; n² scalars of scratch.
  /// - Precision: symmetric to the last bit; same bits for any worker count.
  public func inverse() -> Matrix<S> {
    let n = order
    let upper = Matrix<S>(uninitialized: n, n)
    let w = MatrixView(upper)
    Workers.run(over: n, grain: inverseGrain) { rows in
      fillInverseRows(w[rows, rows.lowerBound..<n], rows)
    }
    // A⁻¹ = W Wᵀ with W = L⁻ᵀ upper triangular: row i has nothing left of column i.
    let result = Matrix<S>(uninitialized: n, n)
    let c = MatrixView(result)
    let tiles = lowerTiles(order: n, grain: inverseGrain)
    Workers.run(slices: tiles.count) { index in
      let (rows, columns) = tiles[index]
      let depth = rows.lowerBound..<n
      tileProduct(w[rows, depth], w[columns, depth].transposed, c[rows, columns], 1, 0)
      mirror(c[rows, columns], to: c[columns, rows], isDiagonal: rows == columns)
    }
    return result
  }

  private var inverseGrain: Int { 256 }

  /// Rows `rows` of L⁻ᵀ from column rows.lowerBound on: identity rows solved with what is left of L.
  private func fillInverseRows(_ x: MatrixView<S>, _ rows: Range<Int>) {
    for i in 0..<x.rows {
      let start = x.start + i * x.stride
      start.update(repeating: 0, count: x.columns)
      start[i] = 1
    }
    // The rows of the second half are zero in the columns of the first: they join later.
    let half = inverseGrain / 2
    if x.rows <= half { return triangle.solveForward(x, from: rows.lowerBound) }
    let (first, rest) = (x[0..<half, 0..<half], half..<x.columns)
    let top = rows.lowerBound..<rows.lowerBound + half
    triangle.solveForward(first, within: top)
    tileProduct(first, triangle.l[top.upperBound..<order, top].transposed, x[0..<half, rest], -1, 0)
    triangle.solveForward(x.columns(rest), from: top.upperBound)
  }
}
