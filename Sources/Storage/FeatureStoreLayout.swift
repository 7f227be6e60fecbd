import SystemPackage

/// The shape of a feature store: n rows of k features for each group, cut into shards.
///
/// A group is a checkpoint, e.g. "seed-0/epoch-010". All groups have the same rows and shards.
public struct FeatureStoreLayout: Hashable, Sendable {
  /// Features of one row: k.
  public let columns: Int
  /// float32, float16 or bfloat16.
  public let dtype: StorageType
  /// The groups' names, in the order of work.
  public let groups: [String]
  /// The names of the columns of `outputs` (float32), maybe none.
  public let outputColumns: [String]
  /// The rows of each shard; contiguous, from row 0.
  public let shards: [Range<Int>]

  /// Rows of the store: n.
  public var rows: Int { shards.last?.upperBound ?? 0 }

  /// A layout in shards of `rowsPerShard` rows, by default 128 MiB of features.
  public init(
    rows: Int, columns: Int, dtype: StorageType, groups: [String], outputColumns: [String],
    rowsPerShard: Int? = nil
  ) throws(StorageError) {
    let bytes = max(1, columns).multipliedReportingOverflow(by: dtype.byteCount)
    let perShard = rowsPerShard ?? max(1, (128 << 20) / max(1, bytes.partialValue))
    guard rows > 0, perShard > 0, rows / perShard < FeatureStoreLayout.maximumShards else {
      throw .invalidLayout(problem: "\(rows) rows in shards of \(perShard)")
    }
    try self.init(
      columns: columns, dtype: dtype, groups: groups, outputColumns: outputColumns,
      shards: (0..<rows).blocks(of: perShard))
  }

  init(
    columns: Int, dtype: StorageType, groups: [String], outputColumns: [String],
    shards: [Range<Int>]
  ) throws(StorageError) {
    (self.columns, self.dtype, self.groups) = (columns, dtype, groups)
    (self.outputColumns, self.shards) = (outputColumns, shards)
    guard columns > 0, columns.multipliedReportingOverflow(by: 4).overflow == false,
      rows.multipliedReportingOverflow(by: columns * 4).overflow == false
    else { throw .invalidLayout(problem: "\(rows) rows of \(columns) columns") }
    guard dtype == .float32 || dtype.isHalf else {
      throw .invalidLayout(problem: "features of \(dtype.rawValue)")
    }
    guard Set(outputColumns).count == outputColumns.count else {
      throw .invalidLayout(problem: "an output column twice in \(outputColumns)")
    }
    try FeatureStoreLayout.check(groups)
  }

  private static let maximumShards = 1_000_000
  private static let reserved: Set = [
    "features", "outputs", "shardSeals", "ids", "labels", "shardRows", "fingerprint",
    "deletedRows",
  ]

  private static func check(_ groups: [String]) throws(StorageError) {
    guard !groups.isEmpty else { throw .invalidLayout(problem: "no groups") }
    for group in groups {
      let parts = try HDF5File.parts(group)
      guard !parts.isEmpty, parts.joined(separator: "/") == group else {
        throw .invalidName(name: group, problem: "it is not a list of names between slashes")
      }
      for part in parts where part.hasPrefix(".") || reserved.contains(part) {
        throw .invalidName(name: group, problem: "\"\(part)\" is reserved")
      }
      for part in parts where part.utf8.count > 255 {
        throw .invalidName(name: group, problem: "a part is longer than 255 bytes")
      }
      for other in groups where other.hasPrefix(group + "/") {
        throw .invalidName(name: group, problem: "group \"\(other)\" would lie inside it")
      }
    }
    guard Set(groups).count == groups.count else {
      throw .invalidLayout(problem: "a group twice in \(groups)")
    }
  }

  /// The shard that has a row.
  func shard(of row: Int) -> Int {
    var (low, high) = (0, shards.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if shards[middle].lowerBound <= row { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// The facts of one shard file, compared field by field when a store is resumed.
  func shardFacts(group: String, shard: Int) -> Fingerprint {
    Fingerprint([
      "format": "ascribe-feature-shard", "version": "1", "group": group, "shard": "\(shard)",
      "firstRow": "\(shards[shard].lowerBound)", "rows": "\(shards[shard].count)",
      "columns": "\(columns)", "dtype": dtype.rawValue,
      "outputColumns": outputColumns.joined(separator: ", "),
    ])
  }

  /// The facts of the whole store that a resumed one must share.
  var facts: Fingerprint {
    Fingerprint([
      "rows": "\(rows)", "columns": "\(columns)", "dtype": dtype.rawValue,
      "groups": groups.joined(separator: ", "),
      "outputColumns": outputColumns.joined(separator: ", "),
      "rows per shard": shards.map { "\($0.count)" }.joined(separator: " "),
    ])
  }
}

/// Where the files of a store are: `train.h5` and the folder `train.shards` beside it.
struct FeatureStorePaths: Sendable {
  let main: String
  let shardFolder: String

  init(_ path: String) {
    main = path
    shardFolder = FilePath(path).beside(endingIn: "shards").string
  }

  /// A shard's path relative to the main file's folder.
  func relative(group: String, shard: Int) -> String {
    let digits = String(shard)
    let number = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    return "\(FilePath(shardFolder).name)/\(group)/\(number).h5"
  }

  func shard(group: String, _ shard: Int) -> String {
    FilePath(main).folder.appending(relative(group: group, shard: shard)).string
  }
}
