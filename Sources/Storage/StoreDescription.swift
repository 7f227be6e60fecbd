/// What is in a sealed file or store, without reading its rows.
public struct StoreDescription: Hashable, Codable, Sendable {
  /// One dataset of the file.
  public struct Dataset: Hashable, Codable, Sendable {
    /// The slash-separated name.
    public let name: String
    /// The size of each dimension.
    public let shape: [Int]
    /// The type in words.
    public let type: String
    /// True when blocks of rows have checksums of their own.
    public let hasRowChecksums: Bool
  }

  /// Where the file is.
  public let path: String
  /// "ascribe-feature-store", or what the root attribute `format` says, or "sealed HDF5".
  public let format: String
  /// Bytes of the file, of a store with all its shards that are there.
  public let bytes: Int
  /// The seal's digest.
  public let seal: Digest
  /// What the file was made from.
  public let fingerprint: Fingerprint
  /// The layers that a store's features are of, or scores are over; nil for all.
  public let layers: String?
  /// The datasets but for the checksums.
  public let datasets: [Dataset]
  /// The store's groups; empty for other files.
  public let groups: [String]
  /// The names of the columns of a store's outputs.
  public let outputColumns: [String]
  /// Rows of each shard of a store; empty for other files.
  public let shardRows: [Int]
  /// Rows of a store marked as deleted.
  public let deletedRows: Int

  /// Describes a file after checking its seal.
  public init(_ path: String) throws(StorageError) {
    let file = try SealedFile(path)
    self.path = path
    seal = file.digest
    format = StoreDescription.format(file) ?? "sealed HDF5"
    fingerprint = try Fingerprint(from: file.hdf5)
    layers = fingerprint["layers"]
    let checked = Set(try file.checkedNames())
    var datasets: [Dataset] = []
    for name in try file.hdf5.datasetNames() where !name.hasSuffix(CheckedRows.checksumSuffix) {
      let dataset = try file.hdf5.dataset(name)
      datasets.append(
        Dataset(
          name: name, shape: dataset.shape, type: dataset.typeDescription,
          hasRowChecksums: checked.contains(name)))
    }
    self.datasets = datasets
    guard StoreDescription.isStore(file) else {
      (bytes, groups, outputColumns, shardRows) = (file.byteCount, [], [], [])
      deletedRows = 0
      return
    }
    let index = try FeatureStoreIndex(path)
    let paths = FeatureStorePaths(path)
    (groups, outputColumns) = (index.layout.groups, index.layout.outputColumns)
    shardRows = index.layout.shards.map(\.count)
    deletedRows = index.deleted.count
    var total = file.byteCount
    for group in groups {
      for shard in index.layout.shards.indices {
        let shardPath = paths.shard(group: group, shard)
        if AtomicFile.exists(shardPath) { total += try OpenFile(reading: shardPath).length() }
      }
    }
    bytes = total
  }

  static func isStore(_ file: SealedFile) -> Bool { format(file) == FeatureStoreIndex.format }

  private static func format(_ file: SealedFile) -> String? {
    guard case .text(let value)? = try? file.hdf5.attribute("format") else { return nil }
    return value
  }
}
