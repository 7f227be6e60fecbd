extension FeatureStoreWriter {
  /// Begins or resumes the addition of rows at the end of a finished store, as new shards.
  ///
  /// The store stays as it was until `finish(ids:labels:)`, which takes the ids and labels of all
  /// rows, old and new. Old shards keep the fingerprint they were made with; the main file's
  /// seals hold them.
  ///
  /// - Parameters:
  ///   - rows: how many are added.
  ///   - fingerprint: of the data with the new rows.
  ///   - rowsPerShard: of the new shards, by default 128 MiB of features.
  /// - Throws: as opening a store does, `StorageError.invalidLayout` for less than one row.
  public convenience init(
    extending path: String, by rows: Int, fingerprint: Fingerprint, rowsPerShard: Int? = nil
  ) throws(StorageError) {
    let base = try FeatureStoreIndex(path)
    let old = base.layout
    let added = try FeatureStoreLayout(
      rows: rows, columns: old.columns, dtype: old.dtype, groups: old.groups,
      outputColumns: old.outputColumns, rowsPerShard: rowsPerShard)
    guard old.rows.addingReportingOverflow(rows).overflow == false else {
      throw .invalidLayout(problem: "\(old.rows) + \(rows) rows")
    }
    let layout = try FeatureStoreLayout(
      columns: old.columns, dtype: old.dtype, groups: old.groups,
      outputColumns: old.outputColumns,
      shards: old.shards
        + added.shards.map { $0.lowerBound + old.rows..<$0.upperBound + old.rows })
    try self.init(
      path: path, layout: layout, fingerprint: fingerprint, overwrite: false, extending: base)
  }

  /// Marks rows of a finished store as deleted; their features stay in the shards.
  ///
  /// - Throws: `StorageError.rowsOutOfRange` for a row that the store does not have; then nothing
  ///   is changed.
  public static func markDeleted(_ rows: [Int], in path: String) throws(StorageError) {
    let paths = FeatureStorePaths(path)
    let lock = try FolderLock(paths.shardFolder)
    let reader = try FeatureStoreReader(path)
    if let row = rows.first(where: { $0 < 0 || $0 >= reader.rows }) {
      throw .rowsOutOfRange(
        rows: row..<row + (row == .max ? 0 : 1), available: reader.rows, file: path)
    }
    try FeatureStoreIndex.write(
      to: paths, layout: reader.layout, fingerprint: reader.fingerprint,
      seals: reader.index.seals, ids: try reader.ids(), labels: try reader.labels(),
      deleted: Set(rows + reader.deletedRows).sorted().map { Int64($0) })
    withExtendedLifetime(lock) {}
  }
}
