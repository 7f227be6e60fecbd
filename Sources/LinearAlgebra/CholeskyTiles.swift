import Foundation
import Synchronization
import Tensors

/// Factors a symmetric matrix in place of its lower triangle; 0, or the minor that is not positive.
///
///     l_ij = (a_ij − Σ_{k<j} l_ik l_jkᵀ) l_jj⁻ᵀ        l_jj l_jjᵀ = a_jj − Σ_{k<j} l_jk l_jkᵀ
///
/// The tiles are taken column by column. A tile waits for the tiles left of it and for its column's
/// diagonal, all of which `Workers` has handed out before, so that the wait always ends.
func factorInPlace<S: BLASScalar>(_ a: MatrixView<S>) -> Int {
  let n = a.rows
  let edge = choleskyEdge(n)
  if n <= edge { return n == 0 ? 0 : S.potrf(n: n, a: a.start, lda: a.leading) }
  let across = sliceCount(grain: edge, of: n)
  let progress = TileProgress(rows: across)
  let tiles = (0..<across).flatMap { j in (j..<across).map { i in (row: i, column: j) } }
  Workers.run(slices: tiles.count) { index in
    let (i, j) = tiles[index]
    let rows = sliceRange(i, grain: edge, of: n)
    let columns = sliceRange(j, grain: edge, of: n)
    let before = 0..<columns.lowerBound
    progress.wait(row: i, columns: j)
    progress.wait(row: j, columns: j)
    if progress.failedMinor == 0 {
      if i == j {
        progress.failedMinor = factorDiagonal(a, rows, before)
      } else {
        if j > 0 {
          tileProduct(a[rows, before], a[columns, before].transposed, a[rows, columns], -1, 1)
        }
        progress.wait(row: j, columns: j + 1)
        if progress.failedMinor == 0 {
          let target = a[rows, columns]
          S.trsm(
            transpose: true, m: rows.count, n: columns.count, l: a[columns, columns].start,
            ldl: a.leading, b: target.start, ldb: a.leading)
        }
      }
    }
    progress.finish(row: i, columns: j + 1)
  }
  return progress.failedMinor
}

/// Edge of a tile: products of this depth run at full speed, and the diagonal stays a small share.
func choleskyEdge(_ n: Int) -> Int { 256 }

/// The diagonal tile: 0, or the minor that is not positive, counted from 1.
private func factorDiagonal<S: BLASScalar>(
  _ a: MatrixView<S>, _ rows: Range<Int>, _ before: Range<Int>
) -> Int {
  let tile = a[rows, rows]
  if !before.isEmpty {
    S.syrk(
      transpose: false, n: rows.count, k: before.count, alpha: -1, a: a[rows, before].start,
      lda: a.leading, beta: 1, c: tile.start, ldc: a.leading)
  }
  let minor = S.potrf(n: rows.count, a: tile.start, lda: a.leading)
  return minor > 0 ? rows.lowerBound + minor : 0
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

  /// Only one tile can fail: all later ones wait for it.
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
