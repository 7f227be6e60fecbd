import Tensors

/// The contents of a store's main file but for ids and labels, checked when read.
struct FeatureStoreIndex: Sendable {
  static let format = "ascribe-feature-store"
  static let version: Int64 = 1

  let file: SealedFile
  let layout: FeatureStoreLayout
  let fingerprint: Fingerprint
  /// The seal of every shard: group, then shard.
  let seals: [String: [Digest]]
  /// The rows marked as deleted, ascending.
  let deleted: [Int64]

  /// Reads the main file.
  init(_ path: String) throws(StorageError) {
    file = try SealedFile(path)
    let hdf5 = file.hdf5
    guard try FeatureStoreIndex.text("format", hdf5) == FeatureStoreIndex.format else {
      throw .wrongType(
        name: "format", expected: FeatureStoreIndex.format,
        found: try FeatureStoreIndex.text("format", hdf5), file: path)
    }
    try requireVersion(Int(FeatureStoreIndex.version), of: hdf5)
    let sizes = try hdf5.dataset("shardRows").read(Int64.self)
    var shards: [Range<Int>] = []
    for size in sizes {
      let start = shards.last?.upperBound ?? 0
      let (end, overflow) = start.addingReportingOverflow(Int(size))
      guard size > 0, !overflow else {
        throw .inconsistent(problem: "a shard of \(size) rows", file: path)
      }
      shards.append(start..<end)
    }
    guard case .integer(let columns) = try hdf5.attribute("columns"),
      case .texts(let groups) = try hdf5.attribute("groups"),
      case .texts(let outputs) = try hdf5.attribute("outputColumns"),
      let dtype = StorageType(rawValue: try FeatureStoreIndex.text("dtype", hdf5))
    else { throw .inconsistent(problem: "the attributes are not those of a store", file: path) }
    layout = try FeatureStoreLayout(
      columns: Int(columns), dtype: dtype, groups: groups, outputColumns: outputs, shards: shards)
    fingerprint = try Fingerprint(from: hdf5)
    var seals: [String: [Digest]] = [:]
    for group in groups {
      let bytes = try hdf5.dataset("\(group)/shardSeals").read(UInt8.self)
      guard bytes.count == shards.count * Digest.byteCount else {
        throw .inconsistent(problem: "\(group) has not a seal for each shard", file: path)
      }
      seals[group] = shards.indices.compactMap {
        Digest(bytes: bytes[$0 * Digest.byteCount..<($0 + 1) * Digest.byteCount])
      }
    }
    self.seals = seals
    deleted = try hdf5.dataset("deletedRows").read(Int64.self)
  }

  private static func text(_ name: String, _ file: HDF5File) throws(StorageError) -> String {
    guard case .text(let value) = try file.attribute(name) else {
      throw .wrongType(name: name, expected: "text", found: "a number", file: file.path)
    }
    return value
  }

  /// Writes the main file aside and renames it.
  static func write(
    to paths: FeatureStorePaths, layout: FeatureStoreLayout, fingerprint: Fingerprint,
    seals: [String: [Digest]], ids: RowIDs, labels: RowLabels, deleted: [Int64]
  ) throws(StorageError) {
    let file = try SealedFileWriter(paths.main)
    let hdf5 = file.hdf5
    try hdf5.setAttribute("format", .text(format))
    try hdf5.setAttribute("version", .integer(version))
    try hdf5.setAttribute("rows", .integer(Int64(layout.rows)))
    try hdf5.setAttribute("columns", .integer(Int64(layout.columns)))
    try hdf5.setAttribute("dtype", .text(layout.dtype.rawValue))
    try hdf5.setAttribute("groups", .texts(layout.groups))
    try hdf5.setAttribute("outputColumns", .texts(layout.outputColumns))
    try fingerprint.write(to: hdf5)
    let sizes = layout.shards.map { Int64($0.count) }
    try hdf5.write(sizes, shape: [sizes.count], to: "shardRows")
    try hdf5.write(deleted, shape: [deleted.count], to: "deletedRows")
    switch ids {
    case .integers(let values): try file.writeRows(values, shape: [values.count], to: "ids")
    case .texts(let values): try hdf5.write(values, to: "ids")
    }
    switch labels {
    case .classes(let values): try file.writeRows(values, shape: [values.count], to: "labels")
    case .values(let values):
      try file.writeRows(values.elements, shape: [values.rows, values.columns], to: "labels")
    }
    for group in layout.groups {
      let digests = seals[group] ?? []
      try hdf5.write(
        digests.flatMap(\.bytes), shape: [digests.count, Digest.byteCount],
        to: "\(group)/shardSeals")
      try writeViews(group, hdf5, layout, paths)
    }
    try file.finish()
  }

  private static func writeViews(
    _ group: String, _ hdf5: HDF5File, _ layout: FeatureStoreLayout, _ paths: FeatureStorePaths
  ) throws(StorageError) {
    let outputs = layout.outputColumns.count
    for (name, columns, type) in [
      ("features", layout.columns, layout.dtype), ("outputs", outputs, .float32),
    ] where columns > 0 {
      let parts = layout.shards.enumerated().map { shard, rows in
        HDF5File.VirtualRows(
          file: paths.relative(group: group, shard: shard), dataset: name, rows: rows)
      }
      try hdf5.makeVirtualDataset(
        "\(group)/\(name)", shape: [layout.rows, columns], type: type, parts: parts)
    }
  }
}
