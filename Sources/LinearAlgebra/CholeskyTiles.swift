import Foundation
import Synchronization
import Tensors

extension TriangularFactor {
  /// Factors a symmetric matrix in place of its lower triangle; the minor that is not positive when
  /// there is one.
  ///
  ///     l_ij = (a_ij − Σ_{k<j} l_ik l_jkᵀ) l_jj⁻ᵀ        l_jj l_jjᵀ = a_jj − Σ_{k<j} l_jk l_jkᵀ
  ///
  /// The tiles are taken column by column. A tile waits for the tiles left of it and for its
  /// column's diagonal, all of which `Workers` has handed out before: the wait always ends.
  static func factor(_ a: MatrixView<S>) -> (factor: TriangularFactor, failedMinor: Int?) {
    let result = TriangularFactor(uninverted: a)
    let n = a.rows
    let edge = n < 1024 ? 128 : n < 2048 ? 256 : 384
    let across = sliceCount(grain: edge, of: n)
    let progress = TileProgress(rows: across)
    let tiles = (0..<across).flatMap { j in (j..<across).map { i in (row: i, column: j) } }
    Workers.run(slices: tiles.count) { index in
      let (i, j) = tiles[index]
      let rows = sliceRange(i, grain: edge, of: n)
      let columns = sliceRange(j, grain: edge, of: n)
      progress.wait(row: i, columns: j)
      progress.wait(row: j, columns: j)
      if progress.failedMinor == 0 {
        result.subtractProducts(rows, columns)
        if i == j {
          progress.failedMinor = result.factorDiagonal(rows)
        } else {
          progress.wait(row: j, columns: j + 1)
          if progress.failedMinor == 0 {
            result.solveForward(a[rows, columns], within: columns)
          }
        }
      }
      progress.finish(row: i, columns: j + 1)
    }
    return (result, progress.failedMinor == 0 ? nil : progress.failedMinor)
  }

  /// a_ij −= Σ_k l_ik l_jkᵀ over all columns left of the tile.
  private func subtractProducts(_ rows: Range<Int>, _ columns: Range<Int>) {
    let before = 0..<columns.lowerBound
    if before.isEmpty { return }
    if rows == columns { return subtractSquare(rows, before) }
    tileProduct(l[rows, before], l[columns, before].transposed, l[rows, columns], -1, 1)
  }

  /// a_jj −= Σ_k l_jk l_jkᵀ, in the lower triangle.
  private func subtractSquare(_ rows: Range<Int>, _ before: Range<Int>) {
    S.syrk(
      transpose: false, n: rows.count, k: before.count, alpha: -1, a: l[rows, before].start,
      lda: l.leading, beta: 1, c: l[rows, rows].start, ldc: l.leading)
  }

  /// Factors a diagonal tile leaf by leaf; 0, or the minor that is not positive, counted from 1.
  private func factorDiagonal(_ tile: Range<Int>) -> Int {
    for leaf in Self.leaves(of: tile) {
      let before = tile.lowerBound..<leaf.lowerBound
      if !before.isEmpty { subtractSquare(leaf, before) }
      let minor = S.potrf(n: leaf.count, a: l[leaf, leaf].start, lda: l.leading)
      if minor > 0 { return leaf.lowerBound + minor }
      invert(leaf: leaf)
      let below = leaf.upperBound..<tile.upperBound
      if below.isEmpty { continue }
      if !before.isEmpty {
        tileProduct(l[below, before], l[leaf, before].transposed, l[below, leaf], -1, 1)
      }
      solveForward(l[below, leaf], within: leaf)
    }
    return 0
  }
}

/// How many tiles of each row of tiles are finished.
private final class TileProgress: @unchecked Sendable {
  private let finished: UnsafeMutablePointer<Atomic<Int>>
  private let failure = Atomic<Int>(0)
  private let rows: Int

  init(rows: Int) {
    self.rows = rows
    finished = .allocate(capacity: rows)
    for row in 0..<rows { (finished + row).initialize(to: Atomic(0)) }
  }

  deinit {
    finished.deinitialize(count: rows)
    finished.deallocate()
  }

  /// 0 until a tile fails.
  ///
  /// Only one can: all later ones wait for it.
  var failedMinor: Int {
    get { failure.load(ordering: .acquiring) }
    set { if newValue > 0 { failure.store(newValue, ordering: .releasing) } }
  }

  func wait(row: Int, columns: Int) {
    while finished[row].load(ordering: .acquiring) < columns { sched_yield() }
  }

  func finish(row: Int, columns: Int) {
    finished[row].store(columns, ordering: .releasing)
  }
}
