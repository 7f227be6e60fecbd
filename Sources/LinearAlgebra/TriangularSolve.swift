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
    l.rows == l.columns && b.columns == l.rows && !b.isTransposed && !l.isTransposed,
    "\(b.rows) × \(b.columns) with a triangle of \(l.rows) × \(l.columns)")
  BLAS.prepare()
  Workers.run(over: b.rows, grain: rightHandSideGrain(b.rows)) { range in
    if transposed {
      solveForward(b.rows(range), l)
    } else {
      solveBackward(b.rows(range), l)
    }
  }
}

/// Right-hand sides of one slice: four slices at least, since two workers are the usual case.
func rightHandSideGrain(_ count: Int) -> Int {
  count >= 1024 ? 256 : max(32, (count / 4 + 15) / 16 * 16)
}

/// Edge of the triangles left to BLAS; all the rest is matrix products.
let triangleEdge = 192

/// X ← X L⁻ᵀ by blocks of columns from the left: x_c = (x_c − x_{<c} l_{c,<c}ᵀ) l_cc⁻ᵀ.
func solveForward<S: BLASScalar>(_ x: MatrixView<S>, _ l: MatrixView<S>) {
  for start in stride(from: 0, to: l.rows, by: triangleEdge) {
    let block = start..<min(l.rows, start + triangleEdge)
    let target = x.columns(block)
    if start > 0 {
      tileProduct(x.columns(0..<start), l[block, 0..<start].transposed, target, -1, 1)
    }
    S.trsm(
      transpose: true, m: x.rows, n: block.count, l: l[block, block].start, ldl: l.leading,
      b: target.start, ldb: target.leading)
  }
}

/// X ← X L⁻¹ by blocks of columns from the right: x_c = (x_c − x_{>c} l_{>c,c}) l_cc⁻¹.
func solveBackward<S: BLASScalar>(_ x: MatrixView<S>, _ l: MatrixView<S>) {
  for start in stride(from: 0, to: l.rows, by: triangleEdge).reversed() {
    let block = start..<min(l.rows, start + triangleEdge)
    let target = x.columns(block)
    if block.upperBound < l.rows {
      let rest = block.upperBound..<l.rows
      tileProduct(x.columns(rest), l[rest, block], target, -1, 1)
    }
    S.trsm(
      transpose: false, m: x.rows, n: block.count, l: l[block, block].start, ldl: l.leading,
      b: target.start, ldb: target.leading)
  }
}
