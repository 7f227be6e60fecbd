import Tensors

/// A lower triangular matrix L ready for solving: its small diagonal blocks are inverted.
///
/// OpenBLAS solves with a triangle at a fifth of its speed for products. So a solve is made of
/// products down to blocks of `leafEdge`, and these multiply by the block's inverse.
///
/// - Precision: the inverse of a diagonal block of a Cholesky factor has at most the square root of
///   the matrix's condition, so that a solve stays of order n ε κ(A).
/// - Source: Du Croz & Higham 1992, *Stability of methods for matrix inversion*.
struct TriangularFactor<S: BLASScalar>: Sendable {
  /// n × n; what stands above the diagonal is not read.
  let l: MatrixView<S>
  /// n × leafEdge: beside each leaf of the diagonal its inverse.
  private let inverses: Buffer<S>

  /// Edge of the diagonal blocks that are inverted.
  static var leafEdge: Int { 64 }
  /// Columns that are solved together before they update all others.
  static var panelEdge: Int { 512 }

  init(uninverted l: MatrixView<S>) {
    precondition(l.rows == l.columns && !l.isTransposed, "\(l.rows) × \(l.columns)")
    self.l = l
    inverses = Buffer(uninitialized: l.rows * Self.leafEdge)
  }

  /// A factor that is already computed.
  static func inverting(_ l: MatrixView<S>) -> TriangularFactor {
    let factor = TriangularFactor(uninverted: l)
    let leaves = leaves(of: 0..<l.rows)
    Workers.run(slices: leaves.count) { factor.invert(leaf: leaves[$0]) }
    return factor
  }

  /// The diagonal blocks that a range of rows is cut into; it starts at a multiple of `leafEdge`.
  static func leaves(of range: Range<Int>) -> [Range<Int>] { range.blocks(of: leafEdge) }

  /// Computes the inverse of one diagonal block.
  func invert(leaf: Range<Int>) {
    let inverse = inverse(of: leaf)
    for i in 0..<leaf.count {
      let row = inverse.start + i * inverse.stride
      row.update(repeating: 0, count: leaf.count)
      row[i] = 1
    }
    S.trsm(
      transpose: false, m: leaf.count, n: leaf.count, l: l[leaf, leaf].start, ldl: l.leading,
      b: inverse.start, ldb: inverse.leading)
  }

  /// X ← X L⁻ᵀ, by blocks of columns from the left: x_c = (x_c − x_{<c} l_{c,<c}ᵀ) l_cc⁻ᵀ.
  ///
  /// - Parameters:
  ///   - x: m × (n − first).
  ///   - first: rows and columns of L before it are left out; a multiple of `leafEdge`.
  func solveForward(_ x: MatrixView<S>, from first: Int = 0) {
    for start in stride(from: first, to: l.rows, by: Self.panelEdge) {
      let panel = start..<min(l.rows, start + Self.panelEdge)
      let target = x.columns(start - first..<panel.upperBound - first)
      if start > first {
        tileProduct(
          x.columns(0..<start - first), l[panel, first..<start].transposed, target, -1, 1)
      }
      solveForward(target, within: panel)
    }
  }

  /// X ← X L⁻ᵀ with the diagonal block `panel` of L alone.
  func solveForward(_ x: MatrixView<S>, within panel: Range<Int>) {
    let scratch = Buffer<S>(uninitialized: x.rows * Self.leafEdge)
    for leaf in Self.leaves(of: panel) {
      let solved = panel.lowerBound..<leaf.lowerBound
      let target = x.columns(solved.count..<solved.count + leaf.count)
      if !solved.isEmpty {
        tileProduct(x.columns(0..<solved.count), l[leaf, solved].transposed, target, -1, 1)
      }
      multiply(target, by: inverse(of: leaf).transposed, scratch)
    }
  }

  /// X ← X L⁻¹, by blocks of columns from the right: x_c = (x_c − x_{>c} l_{>c,c}) l_cc⁻¹.
  ///
  /// - Parameter x: m × n.
  func solveBackward(_ x: MatrixView<S>) {
    let scratch = Buffer<S>(uninitialized: x.rows * Self.leafEdge)
    for panel in (0..<l.rows).blocks(of: Self.panelEdge).reversed() {
      let after = panel.upperBound..<l.rows
      if !after.isEmpty {
        tileProduct(x.columns(after), l[after, panel], x.columns(panel), -1, 1)
      }
      for leaf in Self.leaves(of: panel).reversed() {
        let solved = leaf.upperBound..<panel.upperBound
        if !solved.isEmpty {
          tileProduct(x.columns(solved), l[solved, leaf], x.columns(leaf), -1, 1)
        }
        multiply(x.columns(leaf), by: inverse(of: leaf), scratch)
      }
    }
  }

  private func inverse(of leaf: Range<Int>) -> MatrixView<S> {
    MatrixView(
      storage: inverses, offset: leaf.lowerBound * Self.leafEdge, rows: leaf.count,
      columns: leaf.count, stride: Self.leafEdge)
  }

  /// X ← X W through a copy of X.
  private func multiply(_ x: MatrixView<S>, by w: MatrixView<S>, _ scratch: Buffer<S>) {
    for row in 0..<x.rows {
      (scratch.base + row * x.columns).update(from: x.start + row * x.stride, count: x.columns)
    }
    let copy = MatrixView(storage: scratch, rows: x.rows, columns: x.columns, stride: x.columns)
    tileProduct(copy, w, x, 1, 0)
  }
}
