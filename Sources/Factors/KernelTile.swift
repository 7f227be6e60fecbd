import LinearAlgebra
import Tensors

/// A rectangle of a kernel while it is summed: rows × columns floats without gaps, from 0.
struct KernelTile {
  /// The examples down.
  let rows: Range<Int>
  /// The examples across.
  let columns: Range<Int>
  /// The sums so far.
  let storage: Buffer<Float>

  /// A tile of zeros.
  init(rows: Range<Int>, columns: Range<Int>) {
    self.rows = rows
    self.columns = columns
    storage = Buffer(uninitialized: rows.count * columns.count)
    storage.base.update(repeating: 0, count: storage.count)
  }

  /// The sum at a pair of examples, and those to its right.
  func pointer(_ row: Int, _ column: Int) -> UnsafeMutablePointer<Float> {
    storage.base + (row - rows.lowerBound) * columns.count + column - columns.lowerBound
  }

  /// A part of the tile.
  func view(_ rows: Range<Int>, _ columns: Range<Int>) -> MatrixView<Float> {
    MatrixView(
      storage: storage, offset: pointer(rows.lowerBound, columns.lowerBound) - storage.base,
      rows: rows.count, columns: columns.count, stride: self.columns.count)
  }

  /// Calls `body` for parts of at most `down` × `across` examples.
  func forEachPart(_ down: Int, _ across: Int, _ body: (Range<Int>, Range<Int>) -> Void) {
    for i in stride(from: rows.lowerBound, to: rows.upperBound, by: down) {
      for j in stride(from: columns.lowerBound, to: columns.upperBound, by: across) {
        body(i..<min(rows.upperBound, i + down), j..<min(columns.upperBound, j + across))
      }
    }
  }

  /// Takes the sums so far from the tile's place in a matrix of `stride` columns.
  func read(from source: Buffer<Float>, stride: Int) {
    for i in rows {
      pointer(i, columns.lowerBound).update(
        from: source.base + i * stride + columns.lowerBound, count: columns.count)
    }
  }

  /// Copies the tile to its place in a matrix of `stride` columns.
  func write(to target: Buffer<Float>, stride: Int) {
    for i in rows {
      (target.base + i * stride + columns.lowerBound).update(
        from: pointer(i, columns.lowerBound), count: columns.count)
    }
  }

  /// Copies what is below the diagonal to its mirror image, in blocks that stay in cache.
  func writeMirrored(to target: Buffer<Float>, stride: Int) {
    forEachPart(16, 16) { rows, columns in
      for j in columns {
        let line = target.base + j * stride
        for i in max(rows.lowerBound, j + 1)..<max(rows.upperBound, j + 1) {
          line[i] =
            storage.base[
              (i - self.rows.lowerBound) * self.columns.count + j - self.columns.lowerBound]
        }
      }
    }
  }
}
