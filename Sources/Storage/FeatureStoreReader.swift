import Synchronization
import Tensors

/// Reads a finished feature store.
///
/// Opening checks the main file's seal and the fingerprint; a shard's seal is checked when its
/// first rows are read, and must be the one that the main file recorded; rows are checked as
/// `checks` says. Safe to use from several threads.
public final class FeatureStoreReader: Sendable {
  /// The main file's path.
  public let path: String
  /// Rows, columns, groups and shards.
  public let layout: FeatureStoreLayout
  /// What the store was made from.
  public let fingerprint: Fingerprint
  /// Which rows are checked when read.
  public let checks: RowChecks
  /// The rows marked as deleted, ascending; they are still read.
  public let deletedRows: [Int]

  let index: FeatureStoreIndex
  private let paths: FeatureStorePaths
  private let opened = Mutex<[String: OpenShard]>([:])
  private static let maximumOpenShards = 64

  /// Opens a store.
  ///
  /// - Parameter expected: what the store must have been made from; nil takes any.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field, `.notSealed`, `.sealBroken`…
  public init(
    _ path: String, expecting expected: Fingerprint? = nil, checks: RowChecks = .everyRead
  ) throws(StorageError) {
    index = try FeatureStoreIndex(path)
    (self.path, self.checks) = (path, checks)
    (layout, fingerprint) = (index.layout, index.fingerprint)
    paths = FeatureStorePaths(path)
    if let expected {
      try Fingerprint.requireEqual(expected: expected, found: fingerprint, file: path)
    }
    let rows = layout.rows
    guard index.deleted.allSatisfy({ $0 >= 0 && $0 < rows }) else {
      throw .inconsistent(problem: "a deleted row outside the store", file: path)
    }
    deletedRows = index.deleted.map { Int($0) }
  }

  /// Rows: n.
  public var rows: Int { layout.rows }
  /// Features in a row: k.
  public var columns: Int { layout.columns }
  /// The groups in the order in which the store was made.
  public var groups: [String] { layout.groups }

  /// Rows that a scan should read at a time: 4 blocks of about 1 MiB, which stay in the caches while
  /// they are checked, widened and used.
  public var scanRows: Int {
    4 * CheckedRowsWriter.blockRows(rowBytes: columns * layout.dtype.byteCount)
  }

  // MARK: Rows

  /// Features of some rows of a group: rows × columns, half precision widened exactly.
  ///
  /// - Throws: `StorageError.rowsCorrupt`, `.sealBroken`, `.unknownGroup`, `.rowsOutOfRange`…
  public func readRows(group: String, _ rows: Range<Int>) throws(StorageError) -> Matrix<Float> {
    try matrix(group, rows, columns, \.features)
  }

  /// Calls `body` with successive blocks of a group's features, in order.
  ///
  /// - Parameter rowsPerBlock: the last block may have fewer.
  public func forEachBlock(
    group: String, rowsPerBlock: Int, _ body: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    precondition(rowsPerBlock > 0, "blocks of \(rowsPerBlock) rows")
    var memory = Buffer<Float>(uninitialized: 0)
    for range in (0..<rows).blocks(of: rowsPerBlock) {
      // The same pages again and again, unless `body` kept the last block.
      if memory.count != range.count * columns || !isKnownUniquelyReferenced(&memory) {
        memory = Buffer(uninitialized: range.count * columns)
      }
      try read(group, range, columns, \.features, into: memory.base)
      try body(range, Matrix(rows: range.count, columns: columns, storage: memory))
    }
  }

  /// The outputs of all rows of a group: rows × `layout.outputColumns`.
  public func outputs(group: String) throws(StorageError) -> Matrix<Float> {
    let columns = layout.outputColumns.count
    guard columns > 0 else { return Matrix(uninitialized: rows, 0) }
    return try matrix(group, 0..<rows, columns, \.outputs)
  }

  /// The outputs of some rows of a group: rows × `layout.outputColumns`.
  public func outputs(group: String, _ rows: Range<Int>) throws(StorageError) -> Matrix<Float> {
    let columns = layout.outputColumns.count
    guard columns > 0 else { return Matrix(uninitialized: rows.count, 0) }
    return try matrix(group, rows, columns, \.outputs)
  }

  /// Reads rows of a group as they are stored, on the calling thread.
  func readStored(
    _ group: String, _ rows: Range<Int>, into target: UnsafeMutableRawPointer
  ) throws(StorageError) {
    guard let seals = index.seals[group] else {
      throw .unknownGroup(name: group, known: groups, file: path)
    }
    guard !rows.isEmpty else { return }
    let rowBytes = columns * layout.dtype.byteCount
    for shard in layout.shard(of: rows.lowerBound)...layout.shard(of: rows.upperBound - 1) {
      let own = layout.shards[shard]
      let wanted = own.clamped(to: rows)
      try openShard(group, shard, seals[shard]).features.readStored(
        wanted.lowerBound - own.lowerBound..<wanted.upperBound - own.lowerBound,
        into: target + (wanted.lowerBound - rows.lowerBound) * rowBytes, checks: checks)
    }
  }

  /// One named column of the outputs of a group.
  public func output(_ name: String, group: String) throws(StorageError) -> [Float] {
    guard let column = layout.outputColumns.firstIndex(of: name) else {
      throw .missingObject(name: "output column \(name)", file: path)
    }
    let all = try outputs(group: group)
    return (0..<rows).map { all[$0, column] }
  }

  private func matrix(
    _ group: String, _ rows: Range<Int>, _ columns: Int, _ part: (OpenShard) -> CheckedRows?
  ) throws(StorageError) -> Matrix<Float> {
    guard rows.lowerBound >= 0, rows.upperBound <= self.rows else {
      throw .rowsOutOfRange(rows: rows, available: self.rows, file: path)
    }
    let result = Matrix<Float>(uninitialized: rows.count, columns)
    try read(group, rows, columns, part, into: result.storage.base)
    return result
  }

  private func read(
    _ group: String, _ rows: Range<Int>, _ columns: Int, _ part: (OpenShard) -> CheckedRows?,
    into target: UnsafeMutablePointer<Float>
  ) throws(StorageError) {
    guard let seals = index.seals[group] else {
      throw .unknownGroup(name: group, known: groups, file: path)
    }
    guard !rows.isEmpty else { return }
    for shard in layout.shard(of: rows.lowerBound)...layout.shard(of: rows.upperBound - 1) {
      let own = layout.shards[shard]
      let wanted = own.clamped(to: rows)
      let open = try openShard(group, shard, seals[shard])
      guard let source = part(open) else {
        throw .missingObject(name: "outputs", file: paths.shard(group: group, shard))
      }
      let local = wanted.lowerBound - own.lowerBound..<wanted.upperBound - own.lowerBound
      let place = target + (wanted.lowerBound - rows.lowerBound) * columns
      try source.read(local, into: place, checks: checks)
    }
  }

  // MARK: Ids and labels

  /// The stable names of the rows.
  public func ids() throws(StorageError) -> RowIDs {
    let dataset = try index.file.hdf5.dataset("ids")
    let ids: RowIDs =
      dataset.isText
      ? .texts(try dataset.readStrings())
      : .integers(try index.file.rows("ids").values(Int64.self))
    return try requireOnePerRow(ids, ids.count, "ids")
  }

  /// The labels of the rows.
  public func labels() throws(StorageError) -> RowLabels {
    let source = try index.file.rows("labels")
    let labels: RowLabels =
      source.type == .int64
      ? .classes(try source.values(Int64.self))
      : .values(try source.matrix(0..<source.rowCount))
    return try requireOnePerRow(labels, labels.count, "labels")
  }

  private func requireOnePerRow<Value>(
    _ value: Value, _ count: Int, _ name: String
  ) throws(StorageError) -> Value {
    guard count == rows else {
      throw .wrongShape(name: name, expected: [rows], found: [count], file: path)
    }
    return value
  }

  // MARK: Shards

  struct OpenShard: Sendable {
    let file: SealedFile
    let features: CheckedRows
    let outputs: CheckedRows?
  }

  /// Every shard's file, opened and checked against the main file.
  func shardFile(_ group: String, _ shard: Int) throws(StorageError) -> SealedFile {
    try makeShard(group, shard, index.seals[group]?[shard]).file
  }

  func openShard(
    _ group: String, _ shard: Int, _ seal: Digest
  ) throws(StorageError) -> OpenShard {
    let key = "\(group)/\(shard)"
    if let open = opened.withLock({ $0[key] }) { return open }
    let made = try makeShard(group, shard, seal)
    opened.withLock {
      if $0.count >= FeatureStoreReader.maximumOpenShards { $0.removeAll() }
      $0[key] = made
    }
    return made
  }

  private func makeShard(
    _ group: String, _ shard: Int, _ seal: Digest?
  ) throws(StorageError) -> OpenShard {
    let path = paths.shard(group: group, shard)
    guard AtomicFile.exists(path) else {
      throw .inconsistent(problem: "this shard of the store is gone", file: path)
    }
    let file = try SealedFile(path)
    guard file.digest == seal else {
      throw .inconsistent(problem: "the shard is not the one the store was made with", file: path)
    }
    let features = try file.rows("features")
    let outputs = layout.outputColumns.isEmpty ? nil : try file.rows("outputs")
    let count = layout.shards[shard].count
    for (part, columns) in [(features, columns), (outputs, layout.outputColumns.count)] {
      guard let part else { continue }
      guard part.rowCount == count, part.rowLength == columns else {
        throw .wrongShape(
          name: part.name, expected: [count, columns], found: [part.rowCount, part.rowLength],
          file: path)
      }
    }
    guard features.type == layout.dtype else {
      throw .wrongType(
        name: "features", expected: layout.dtype.rawValue, found: features.type.rawValue,
        file: path)
    }
    return OpenShard(file: file, features: features, outputs: outputs)
  }
}
