// Letters: n training examples, m right-hand sides, C targets.
import Foundation
import LinearAlgebra
import Storage
import Tensors

/// A factored kernel M = K + λ·diag(s) = L Lᵀ in a file: what costs n³, solved with for n² of reading.
///
/// A solve streams the tiles of L through memory once each way, for all right-hand sides at a time;
/// it has the bits of `RidgeFactor.solve(streaming:)`. Format: Projections/README.md.
package struct KeptFactor: Sendable {
  /// What a file keeps beside L.
  package struct Contents: Sendable {
    /// λ, and what was known when it was chosen.
    package let damping: DampingReport
    /// s, n values; nil for 1.
    package let scales: [Double]?
    /// The diagonal of M⁻¹, n values; nil where no method asked for it.
    package let inverseDiagonal: [Double]?
    /// r, n × C; nil for a method without targets.
    package let residuals: Matrix<Double>?

    /// Values of n examples.
    package init(
      damping: DampingReport, scales: [Double]?, inverseDiagonal: [Double]?,
      residuals: Matrix<Double>? = nil
    ) {
      self.damping = damping
      self.scales = scales
      self.inverseDiagonal = inverseDiagonal
      self.residuals = residuals
    }
  }

  /// The format's name, with its version.
  package static let format = "ascribe kept factor 1"

  /// Where the file is.
  package let path: String
  /// n.
  package let order: Int
  /// What stands beside L.
  package let contents: Contents
  /// Bytes of the file.
  package let byteCount: Int
  private let tiles: Tiles

  private enum Tiles: Sendable {
    case single(StoredTiles<Float>)
    case double(StoredTiles<Double>)
  }

  /// Opens a file; its seal is checked now, its tiles when they are read.
  ///
  /// - Parameter fingerprint: what the factor must have been made from.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field that differs, `.notSealed`,
  ///   `.sealBroken`, `.wrongLength`, `.inconsistent`, `.wrongShape`.
  package init(_ path: String, fingerprint: Fingerprint) throws(StorageError) {
    let file = try SealedFile(path)
    guard case .text(KeptFactor.format) = try file.hdf5.attribute("format"),
      case .integer(let order) = try file.hdf5.attribute("order"),
      (1...1 << 30).contains(order),
      case .integer(let edge) = try file.hdf5.attribute("edge"),
      (1...min(order, 1 << 14)).contains(edge)
    else {
      throw .inconsistent(
        problem: "this is no file of a factor (\(KeptFactor.format))", file: path)
    }
    try Fingerprint.requireEqual(
      expected: fingerprint, found: try Fingerprint(from: file.hdf5), file: path)
    (self.path, self.order, byteCount) = (path, Int(order), file.byteCount)
    contents = try Contents(from: file, order: Int(order))
    if try file.hdf5.dataset("tiles").type == .float32 {
      tiles = .single(
        StoredTiles(
          tiles: try KeptTiles("tiles", order: Int(order), edge: Int(edge), of: file)))
    } else {
      tiles = .double(
        StoredTiles(
          tiles: try KeptTiles("tiles", order: Int(order), edge: Int(edge), of: file)))
    }
  }

  /// B M⁻¹ of kernel rows, m × n.
  ///
  /// - Complexity: 2mn² flops, and the file read twice; 16 rows of tiles' scratch beside B.
  /// - Throws: `StorageError.rowsCorrupt` naming the tiles, `.system`.
  package func solve(rows: consuming Matrix<Float>) throws -> Matrix<Float> {
    switch tiles {
    case .single(let tiles): try tiles.solve(rows: rows)
    case .double(let tiles): try tiles.solve(rows: rows.double).float
    }
  }

  /// B M⁻¹ of targets, m × n, in the factor's precision.
  ///
  /// - Throws: as for kernel rows.
  package func solve(rows: consuming Matrix<Double>) throws -> Matrix<Double> {
    switch tiles {
    case .single(let tiles): try tiles.solve(rows: rows.float).double
    case .double(let tiles): try tiles.solve(rows: rows)
    }
  }

  /// Writes a factor.
  ///
  /// - Parameters:
  ///   - fingerprint: everything that the factor depends on.
  ///   - path: the file, which appears whole or not at all.
  /// - Throws: `StorageError.system` when the disk is full or cannot be written.
  package static func write(
    _ factor: RidgeFactor, _ contents: Contents, fingerprint: Fingerprint, to path: String
  ) throws(StorageError) {
    let n = factor.order
    let edge = FactorTiles<Float>.standardEdge(order: n)
    let file = try SealedFileWriter(path)
    try file.hdf5.setAttribute("format", .text(format))
    try file.hdf5.setAttribute("order", .integer(Int64(n)))
    try file.hdf5.setAttribute("edge", .integer(Int64(edge)))
    try fingerprint.write(to: file.hdf5)
    try contents.write(to: file)
    switch factor {
    case .single(let cholesky):
      try file.writeTiles(lowerOf: cholesky.factor, edge: edge, to: "tiles")
    case .double(let cholesky):
      try file.writeTiles(lowerOf: cholesky.factor, edge: edge, to: "tiles")
    }
    try file.finish(flushing: .nothing)
  }

  /// Bytes of the file of a factor, but for some thousands of names and checksums.
  ///
  /// - Parameters:
  ///   - order: n.
  ///   - targets: C of the residuals; 0 for none.
  package static func byteCount(order n: Int, isSingle: Bool, targets: Int) -> Int {
    let edge = FactorTiles<Float>.standardEdge(order: n)
    let tiles = KeptTileLayout.tileCount(order: n, edge: edge)
    return tiles * (edge * edge * (isSingle ? 4 : 8) + 16) + 8 * n * (2 + targets)
  }
}

/// The tiles of a file as a triangle to solve with.
private struct StoredTiles<S: BLASScalar & HDF5Scalar>: TriangleTiles {
  let tiles: KeptTiles<S>
  var order: Int { tiles.order }
  var edge: Int { tiles.edge }

  func withTile(
    row: Int, column: Int, _ body: (MatrixView<S>) throws -> Void
  ) throws {
    try tiles.withTile(row: row, column: column) { buffer in
      try body(
        MatrixView(
          storage: buffer, rows: range(row).count, columns: range(column).count, stride: edge))
    }
  }
}
