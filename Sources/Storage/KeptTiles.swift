// Letters: n order, e edge of a tile, t = ⌈n/e⌉ rows of tiles.
import Synchronization
import Tensors

/// The tiles of a lower triangle in a sealed file, a row of the dataset each.
///
///     tile (r, c), c ≤ r, is row r (r + 1)/2 + c, e × e, zeros beyond the triangle
///
/// A row of tiles lies in one piece: read in order by a forward substitution, in the opposite order
/// by a backward one, a checked block of a MiB or two at a time.
package final class KeptTiles<Scalar: HDF5Scalar>: Sendable {
  /// n.
  package let order: Int
  /// e.
  package let edge: Int
  private let rows: CheckedRows
  /// Memory for tiles, each in use by one worker at a time.
  private let idle = Mutex<[Buffer<Scalar>]>([])

  /// The tiles of a file's dataset.
  ///
  /// - Throws: `StorageError.wrongType`, `.wrongShape` when they are not those of this order.
  package init(
    _ name: String, order: Int, edge: Int, of file: SealedFile
  ) throws(StorageError) {
    (self.order, self.edge) = (order, edge)
    rows = try file.rows(name)
    guard rows.type == Scalar.storageType else {
      throw .wrongType(
        name: name, expected: Scalar.storageType.rawValue, found: rows.type.rawValue,
        file: file.path)
    }
    let count = KeptTileLayout.tileCount(order: order, edge: edge)
    guard rows.rowCount == count, rows.rowLength == edge * edge else {
      throw .wrongShape(
        name: name, expected: [count, edge * edge], found: [rows.rowCount, rows.rowLength],
        file: file.path)
    }
  }

  /// Calls `body` with a tile, e × e, read and checked.
  ///
  /// - Throws: `StorageError.rowsCorrupt`, `.system`, and what `body` throws.
  package func withTile(row: Int, column: Int, _ body: (Buffer<Scalar>) throws -> Void) throws {
    let buffer = idle.withLock { $0.popLast() } ?? Buffer(uninitialized: edge * edge)
    defer { idle.withLock { $0.append(buffer) } }
    let index = KeptTileLayout.firstTile(of: row) + column
    try rows.read(index..<index + 1, into: buffer.base)
    try body(buffer)
  }
}

/// Where tiles stand.
package enum KeptTileLayout {
  /// Tiles of all rows before one.
  static func firstTile(of row: Int) -> Int { row * (row + 1) / 2 }

  /// t (t + 1)/2.
  package static func tileCount(order: Int, edge: Int) -> Int {
    firstTile(of: (order + edge - 1) / edge)
  }
}

extension SealedFileWriter {
  /// Writes the lower triangle of a square matrix as tiles.
  ///
  /// - Parameters:
  ///   - matrix: n × n; what stands above its diagonal is not read.
  ///   - edge: e.
  /// - Complexity: n²/2 scalars copied, hashed and written by all workers; a row of tiles of scratch.
  /// - Throws: `StorageError.notStorable` for a number that is not finite, `.system`.
  package func writeTiles<Scalar: HDF5Scalar>(
    lowerOf matrix: Matrix<Scalar>, edge: Int, to name: String
  ) throws(StorageError) {
    let n = matrix.rows
    precondition(n == matrix.columns && edge > 0, "\(n) × \(matrix.columns), tiles of \(edge)")
    let writer = try makeRows(
      name, shape: [KeptTileLayout.tileCount(order: n, edge: edge), edge * edge],
      type: Scalar.storageType)
    let bands = (0..<n).blocks(of: edge)
    let staging = Buffer<Scalar>(uninitialized: bands.count * edge * edge)
    for (row, band) in bands.enumerated() {
      let source = matrix.storage
      Workers.run(slices: row + 1) { column in
        let tile = staging.base + column * edge * edge
        let first = column * edge
        for i in 0..<edge {
          let line = tile + i * edge
          let count = i < band.count ? min(edge, band.lowerBound + i + 1 - first) : 0
          if count > 0 {
            line.update(from: source.base + (band.lowerBound + i) * n + first, count: count)
          }
          for j in count..<edge { line[j] = 0 }
        }
      }
      try writer.append(staging.base, rows: row + 1)
    }
  }
}
