import Tensors

/// A product of two matrices on the workers.
///
///     C = α A B + β C
///
/// - Parameters:
///   - a: m × k, may be a transposed view.
///   - b: k × n, may be a transposed view.
///   - c: m × n, written in place; shares no storage with `a` and `b`. With β = 0 it may be
///     uninitialised.
/// - Complexity: 2mnk flops; a deep product (k ≥ 16 max(m, n)) needs up to 15 mn scalars of scratch.
/// - Precision: the result is cut into tiles that depend on m, n and k alone: same bits for any
///   worker count, and the same as `gemmSerial`. Rows of a slice need not have the bits of the
///   same rows of the whole.
public func gemm<S: BLASScalar>(
  _ a: MatrixView<S>, _ b: MatrixView<S>, into c: MatrixView<S>, alpha: S = 1, beta: S = 0
) {
  tiledProduct(a, b, into: c, alpha: alpha, beta: beta, run: Workers.run)
}

/// The product of `gemm` on the calling thread: for use inside a worker.
///
/// Same bits as `gemm`.
public func gemmSerial<S: BLASScalar>(
  _ a: MatrixView<S>, _ b: MatrixView<S>, into c: MatrixView<S>, alpha: S = 1, beta: S = 0
) {
  tiledProduct(a, b, into: c, alpha: alpha, beta: beta) { slices, body in
    for slice in 0..<slices { body(slice) }
  }
}

/// The product A B as a new matrix, on the workers.
///
/// - Parameters:
///   - a: m × k.
///   - b: k × n.
/// - Returns: m × n.
public func product<S: BLASScalar>(_ a: MatrixView<S>, _ b: MatrixView<S>) -> Matrix<S> {
  let result = Matrix<S>(uninitialized: a.rows, b.columns)
  gemm(a, b, into: MatrixView(result))
  return result
}

/// The product A B of two matrices as a new matrix, on the workers.
public func product<S: BLASScalar>(_ a: Matrix<S>, _ b: Matrix<S>) -> Matrix<S> {
  product(MatrixView(a), MatrixView(b))
}

/// The product of a tensor's rows with a matrix.
///
/// - Parameters:
///   - a: … × k.
///   - b: k × n.
/// - Returns: … × n, the leading dimensions those of `a`.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(!a.shape.isEmpty && b.shape.count == 2, "\(a.shape) times \(b.shape)")
  let result = Tensor(uninitialized: Array(a.shape.dropLast()) + [b.shape[1]])
  gemm(MatrixView(a), MatrixView(b), into: MatrixView(result))
  return result
}

/// A matrix times a vector, on the workers.
///
///     y = α A x + β y
///
/// - Parameters:
///   - a: m × n, may be a transposed view.
///   - x: n scalars.
///   - y: m scalars, written in place.
/// - Precision: rows are cut by m and n alone: same bits for any worker count.
public func gemv<S: BLASScalar>(
  _ a: MatrixView<S>, _ x: [S], into y: inout [S], alpha: S = 1, beta: S = 0
) {
  precondition(
    a.columns == x.count && a.rows == y.count,
    "\(a.rows) × \(a.columns) times \(x.count) into \(y.count)")
  BLAS.prepare()
  if a.rows == 0 { return }
  let grain = max(64, (1 << 18) / max(1, a.columns))
  let total = a.rows
  x.withUnsafeBufferPointer { xs in
    y.withUnsafeMutableBufferPointer { ys in
      guard let target = ys.baseAddress else { return }
      let source = xs.baseAddress ?? UnsafePointer(target)
      nonisolated(unsafe) let (input, output) = (source, target)
      Workers.run(over: total, grain: grain) { range in
        let part = a.rows(range)
        S.gemv(
          transpose: part.isTransposed, m: part.isTransposed ? part.columns : part.rows,
          n: part.isTransposed ? part.rows : part.columns, alpha: alpha, a: part.start,
          lda: part.leading, x: input, beta: beta, y: output + range.lowerBound)
      }
    }
  }
}

// MARK: - Tiles

private func tiledProduct<S: BLASScalar>(
  _ a: MatrixView<S>, _ b: MatrixView<S>, into c: MatrixView<S>, alpha: S, beta: S,
  run: (Int, @Sendable (Int) -> Void) -> Void
) {
  precondition(
    a.columns == b.rows && c.rows == a.rows && c.columns == b.columns,
    "\(a.rows) × \(a.columns) times \(b.rows) × \(b.columns) into \(c.rows) × \(c.columns)")
  BLAS.prepare()
  if c.isTransposed {
    // Cᵀ = Bᵀ Aᵀ has rows in storage order.
    return tiledProduct(
      b.transposed, a.transposed, into: c.transposed, alpha: alpha, beta: beta, run: run)
  }
  if c.rows == 0 || c.columns == 0 { return }
  if c.rows == 1 && a.columns > 0 && !a.isTransposed && b.isTransposed {
    return rowProduct(a, b.transposed, c, alpha, beta, run: run)
  }
  let plan = TilePlan(m: c.rows, n: c.columns, k: a.columns)
  if plan.depthGrain < a.columns {
    return deepProduct(a, b, c, alpha, beta, grain: plan.depthGrain, run: run)
  }
  let across = sliceCount(grain: plan.columnGrain, of: c.columns)
  let down = sliceCount(grain: plan.rowGrain, of: c.rows)
  if across * down == 1 { return tileProduct(a, b, c, alpha, beta) }
  run(across * down) { tile in
    let rows = sliceRange(tile / across, grain: plan.rowGrain, of: c.rows)
    let columns = sliceRange(tile % across, grain: plan.columnGrain, of: c.columns)
    tileProduct(a.rows(rows), b.columns(columns), c[rows, columns], alpha, beta)
  }
}

/// One row against the rows of B: bound by memory, so the operands are not packed.
private func rowProduct<S: BLASScalar>(
  _ a: MatrixView<S>, _ b: MatrixView<S>, _ c: MatrixView<S>, _ alpha: S, _ beta: S,
  run: (Int, @Sendable (Int) -> Void) -> Void
) {
  let grain = max(64, (1 << 18) / b.columns)
  // Whatever stands in an uninitialised result is not read.
  if beta == 0 { c.start.update(repeating: 0, count: c.columns) }
  run(sliceCount(grain: grain, of: b.rows)) { slice in
    let part = b.rows(sliceRange(slice, grain: grain, of: b.rows))
    S.gemv(
      transpose: false, m: part.rows, n: part.columns, alpha: alpha, a: part.start,
      lda: part.leading, x: a.start, beta: beta == 0 ? 1 : beta, y: c.start + slice * grain)
  }
}

/// A small result of many terms: slices of the inner dimension, added in order.
private func deepProduct<S: BLASScalar>(
  _ a: MatrixView<S>, _ b: MatrixView<S>, _ c: MatrixView<S>, _ alpha: S, _ beta: S, grain: Int,
  run: (Int, @Sendable (Int) -> Void) -> Void
) {
  let slices = sliceCount(grain: grain, of: a.columns)
  let size = c.rows * c.columns
  let scratch = Buffer<S>(uninitialized: (slices - 1) * size)
  run(slices) { slice in
    let depth = sliceRange(slice, grain: grain, of: a.columns)
    let target =
      slice == 0
      ? c
      : MatrixView(
        storage: scratch, offset: (slice - 1) * size, rows: c.rows, columns: c.columns,
        stride: c.columns)
    tileProduct(a.columns(depth), b.rows(depth), target, alpha, slice == 0 ? beta : 0)
  }
  for slice in 1..<slices {
    for row in 0..<c.rows {
      S.axpy(
        count: c.columns, alpha: 1, x: scratch.base + (slice - 1) * size + row * c.columns,
        y: c.start + row * c.stride)
    }
  }
}

/// One call of BLAS; `c` is not transposed.
func tileProduct<S: BLASScalar>(
  _ a: MatrixView<S>, _ b: MatrixView<S>, _ c: MatrixView<S>, _ alpha: S, _ beta: S
) {
  S.gemm(
    transposeA: a.isTransposed, transposeB: b.isTransposed, m: c.rows, n: c.columns, k: a.columns,
    alpha: alpha, a: a.start, lda: a.leading, b: b.start, ldb: b.leading, beta: beta, c: c.start,
    ldc: c.leading)
}
