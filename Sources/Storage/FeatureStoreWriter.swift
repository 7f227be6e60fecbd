import Foundation
import Tensors

/// Writes a feature store, shard by shard, so that a killed run continues where it was.
///
/// Opening finds the shards that are already complete; rows of these are not written again. A
/// resumed run gives the same files, byte for byte. Use from one thread; another process that
/// opens the same store for writing is refused.
public final class FeatureStoreWriter {
  /// The main file's path.
  public let path: String
  /// Rows, columns, groups and shards.
  public let layout: FeatureStoreLayout
  /// What the store is made from; of a store that is finished, as it says.
  public private(set) var fingerprint: Fingerprint

  let paths: FeatureStorePaths
  /// The seal of each finished shard: group, then shard.
  var seals: [String: [Digest?]]
  /// Rows deleted from the store that is extended.
  var deleted: [Int64] = []
  private var open: [String: ShardWriter] = [:]
  private let lock: FolderLock

  /// Begins or resumes a store.
  ///
  /// - Parameter overwrite: deletes a store of another fingerprint or layout instead of refusing.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field in which an existing store
  ///   differs, `.unexpectedFile`, `.storeInUse`, `.system`.
  public convenience init(
    path: String, layout: FeatureStoreLayout, fingerprint: Fingerprint, overwrite: Bool = false
  ) throws(StorageError) {
    try self.init(
      path: path, layout: layout, fingerprint: fingerprint, overwrite: overwrite, extending: nil)
  }

  init(
    path: String, layout: FeatureStoreLayout, fingerprint: Fingerprint, overwrite: Bool,
    extending base: FeatureStoreIndex?
  ) throws(StorageError) {
    (self.path, self.layout, self.fingerprint) = (path, layout, fingerprint)
    paths = FeatureStorePaths(path)
    seals = Dictionary(
      uniqueKeysWithValues: layout.groups.map {
        ($0, [Digest?](repeating: nil, count: layout.shards.count))
      })
    try AtomicFile.makeFolder(paths.shardFolder)
    lock = try FolderLock(paths.shardFolder)
    for file in AtomicFile.leftovers(of: path) { try AtomicFile.remove(file) }
    let existing = try removeLeftovers()
    do throws(StorageError) {
      try findFinished(existing, extending: base)
    } catch {
      guard overwrite else { throw error }
      // The main file first: it never names shards that are gone.
      try AtomicFile.remove(path)
      for file in existing { try AtomicFile.remove(file) }
      for group in layout.groups {
        seals[group] = [Digest?](repeating: nil, count: layout.shards.count)
      }
    }
    for group in layout.groups {
      try AtomicFile.makeFolder(AtomicFile.folder(of: paths.shard(group: group, 0)))
    }
  }

  /// Begins or resumes a store of the given shape; see `FeatureStoreLayout`.
  public convenience init(
    path: String, rows: Int, columns: Int, dtype: StorageType, groups: [String],
    outputColumns: [String], fingerprint: Fingerprint, rowsPerShard: Int? = nil,
    overwrite: Bool = false
  ) throws(StorageError) {
    let layout = try FeatureStoreLayout(
      rows: rows, columns: columns, dtype: dtype, groups: groups, outputColumns: outputColumns,
      rowsPerShard: rowsPerShard)
    try self.init(path: path, layout: layout, fingerprint: fingerprint, overwrite: overwrite)
  }

  // MARK: What is finished

  /// Whether a store, or a shard of one that is half made, is at a path: making it goes on there.
  public static func hasBegun(_ path: String) -> Bool {
    if AtomicFile.exists(path) { return true }
    let names = FileManager.default.enumerator(atPath: FeatureStorePaths(path).shardFolder)
    return names?.contains { ($0 as? String)?.hasSuffix(".h5") == true } ?? false
  }

  /// True when the shard's file is complete.
  public func isFinished(group: String, shard: Int) -> Bool { seals[group]?[shard] != nil }

  /// The rows of a group that must still be written, in order, neighbours joined.
  public func missingRows(group: String) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (shard, rows) in layout.shards.enumerated() where !isFinished(group: group, shard: shard) {
      if let last = ranges.last, last.upperBound == rows.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<rows.upperBound
      } else {
        ranges.append(rows)
      }
    }
    return ranges
  }

  // MARK: Writing

  /// Writes rows of a group; rows of shards that are already finished are passed over.
  ///
  /// - Parameters:
  ///   - rows: begins at a shard's first row or where the last call for this group ended.
  ///   - features: rows × columns.
  ///   - outputs: rows × output columns; nil when the store has none.
  /// - Throws: `StorageError.wrongShape`, `.notStorable` for a value that is not finite or too
  ///   large for the store's type (the shard is begun anew then), `.unknownGroup`, `.system`.
  public func write(
    group: String, rows: Range<Int>, features: Matrix<Float>, outputs: Matrix<Float>? = nil
  ) throws(StorageError) {
    try check(group: group, rows: rows, features, outputs)
    var row = rows.lowerBound
    while row < rows.upperBound {
      let shard = layout.shard(of: row)
      let piece = row..<min(rows.upperBound, layout.shards[shard].upperBound)
      if !isFinished(group: group, shard: shard) {
        do throws(StorageError) {
          try write(
            group, shard, piece, features.storage.base + (row - rows.lowerBound) * layout.columns,
            outputs.map { $0.storage.base + (row - rows.lowerBound) * layout.outputColumns.count })
        } catch {
          open[group] = nil
          throw error
        }
      }
      row = piece.upperBound
    }
    withExtendedLifetime((features, outputs)) {}
  }

  private func write(
    _ group: String, _ shard: Int, _ rows: Range<Int>, _ features: UnsafePointer<Float>,
    _ outputs: UnsafePointer<Float>?
  ) throws(StorageError) {
    if open[group]?.shard != shard {
      precondition(
        rows.lowerBound == layout.shards[shard].lowerBound,
        "row \(rows.lowerBound) of \(group) before row \(layout.shards[shard].lowerBound)")
      open[group] = nil
      open[group] = try ShardWriter(
        paths.shard(group: group, shard), layout, group: group, shard: shard, fingerprint)
    }
    guard let writer = open[group] else { return }
    try writer.append(rows, features, outputs)
    if rows.upperBound == layout.shards[shard].upperBound {
      seals[group]?[shard] = try writer.finish()
      open[group] = nil
    }
  }

  private func check(
    group: String, rows: Range<Int>, _ features: Matrix<Float>, _ outputs: Matrix<Float>?
  ) throws(StorageError) {
    guard seals[group] != nil else {
      throw .unknownGroup(name: group, known: layout.groups, file: path)
    }
    guard rows.lowerBound >= 0, rows.upperBound <= layout.rows else {
      throw .rowsOutOfRange(rows: rows, available: layout.rows, file: path)
    }
    guard features.rows == rows.count, features.columns == layout.columns else {
      throw .wrongShape(
        name: "\(group)/features", expected: [rows.count, layout.columns],
        found: [features.rows, features.columns], file: path)
    }
    let found = outputs.map { [$0.rows, $0.columns] } ?? [rows.count, 0]
    guard found == [rows.count, layout.outputColumns.count] else {
      throw .wrongShape(
        name: "\(group)/outputs", expected: [rows.count, layout.outputColumns.count],
        found: found, file: path)
    }
  }

  // MARK: Resuming

  /// Deletes what killed runs left half-written; returns the other files below the shard folder.
  private func removeLeftovers() throws(StorageError) -> [String] {
    var found: [String] = []
    let names = FileManager.default.enumerator(atPath: paths.shardFolder)?.allObjects ?? []
    for name in names.compactMap({ $0 as? String }).sorted() {
      let file = "\(paths.shardFolder)/\(name)"
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: file, isDirectory: &isFolder)
      if exists && isFolder.boolValue { continue }
      if name.hasSuffix(AtomicFile.suffix) {
        try AtomicFile.remove(file)
      } else if name.hasSuffix(".h5") {
        found.append(file)
      }
    }
    return found
  }

  private func findFinished(
    _ existing: [String], extending base: FeatureStoreIndex?
  ) throws(StorageError) {
    let store = if let base { base } else { try finishedStore() }
    let recorded = store?.seals ?? [:]
    deleted = store?.deleted ?? []
    let present = Set(existing)
    var expected: Set<String> = []
    var damaged: [String] = []
    for group in layout.groups {
      for shard in layout.shards.indices {
        let file = paths.shard(group: group, shard)
        expected.insert(file)
        guard present.contains(file) else { continue }
        let known = recorded[group].flatMap { shard < $0.count ? $0[shard] : nil }
        let digest = try finishedSeal(
          file, group, shard, known, isExtension: base != nil)
        if digest == nil { damaged.append(file) }
        seals[group]?[shard] = digest
      }
    }
    if let file = existing.first(where: { !expected.contains($0) }) {
      throw .unexpectedFile(path: file)
    }
    if let store {
      // Rows made here beside rows made elsewhere; finished, a store stays what it is.
      let isWhole = base == nil && layout.groups.allSatisfy { missingRows(group: $0).isEmpty }
      if isWhole {
        fingerprint = store.fingerprint
      } else {
        try Fingerprint.requireEqual(
          expected: fingerprint.machine, found: store.fingerprint.machine, file: path,
          for: .goingOn)
      }
    }
    for file in damaged { try AtomicFile.remove(file) }
  }

  /// The main file at the path, which must be of this fingerprint and layout.
  private func finishedStore() throws(StorageError) -> FeatureStoreIndex? {
    guard AtomicFile.exists(path) else { return nil }
    let store = try FeatureStoreIndex(path)
    try Fingerprint.requireEqual(expected: fingerprint, found: store.fingerprint, file: path)
    try Fingerprint.requireEqual(expected: layout.facts, found: store.layout.facts, file: path)
    return store
  }

  /// A shard's seal; nil when the file is damaged and must be made again.
  private func finishedSeal(
    _ file: String, _ group: String, _ shard: Int, _ recorded: Digest?,
    isExtension: Bool
  ) throws(StorageError) -> Digest? {
    let sealed: SealedFile
    do throws(StorageError) {
      sealed = try SealedFile(file)
      // An extended store's shards are not read again: readers check what they read.
      if !isExtension { try sealed.verify() }
    } catch {
      switch error {
      case .notSealed, .wrongLength, .sealBroken, .rowsCorrupt: return nil
      // The store says that it is one of this version: the version's own byte changed.
      case .unsupportedVersion where recorded != nil: return nil
      default: throw error
      }
    }
    if let recorded { return sealed.digest == recorded ? recorded : nil }
    let found = try Fingerprint(from: sealed.hdf5)
    try Fingerprint.requireEqual(
      expected: fingerprint, found: found, file: file, for: .goingOn)
    try Fingerprint.requireEqual(
      expected: layout.shardFacts(group: group, shard: shard),
      found: try ShardWriter.facts(of: sealed.hdf5), file: file)
    return sealed.digest
  }
}
