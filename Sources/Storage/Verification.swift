/// Checks every byte of what Ascribe wrote.
public enum Verification {
  /// What was checked.
  public struct Report: Hashable, Codable, Sendable {
    /// Files read: one, or a store's main file and all its shards.
    public var files = 0
    /// Row blocks whose checksum was compared.
    public var rowBlocks = 0
    /// Bytes of all files.
    public var bytes = 0

    /// Counts; nothing checked yet when left out.
    public init(files: Int = 0, rowBlocks: Int = 0, bytes: Int = 0) {
      (self.files, self.rowBlocks, self.bytes) = (files, rowBlocks, bytes)
    }
  }

  /// Reads a sealed file, or a store with all its shards, and compares every checksum.
  ///
  /// - Parameter expected: the fingerprint that it must have; nil takes any.
  /// - Throws: the first damage found, as the `StorageError` that names the file and rows.
  public static func verify(
    _ path: String, expecting expected: Fingerprint? = nil
  ) throws(StorageError) -> Report {
    var report = Report()
    let file = try SealedFile(path)
    try add(file, to: &report)
    guard StoreDescription.isStore(file) else {
      if let expected {
        let found = try Fingerprint(from: file.hdf5)
        try Fingerprint.requireEqual(expected: expected, found: found, file: path)
      }
      return report
    }
    let store = try FeatureStoreReader(path, expecting: expected)
    _ = try store.ids()
    _ = try store.labels()
    for group in store.groups {
      for shard in store.layout.shards.indices {
        try add(try store.shardFile(group, shard), to: &report)
      }
    }
    return report
  }

  private static func add(_ file: SealedFile, to report: inout Report) throws(StorageError) {
    report.rowBlocks += try file.verify()
    report.files += 1
    report.bytes += file.byteCount
  }
}
