/// Writes one shard: the features and outputs of some rows of one group, in a sealed file.
final class ShardWriter {
  let shard: Int
  private let rows: Range<Int>
  private let file: SealedFileWriter
  private let features: CheckedRowsWriter
  private let outputs: CheckedRowsWriter?

  init(
    _ path: String, _ layout: FeatureStoreLayout, group: String, shard: Int,
    _ fingerprint: Fingerprint
  ) throws(StorageError) {
    self.shard = shard
    rows = layout.shards[shard]
    file = try SealedFileWriter(path)
    for field in layout.shardFacts(group: group, shard: shard).fields {
      try file.hdf5.setAttribute(field.name, .text(field.value))
    }
    try fingerprint.write(to: file.hdf5)
    features = try file.makeRows(
      "features", shape: [rows.count, layout.columns], type: layout.dtype,
      shownFirstRow: rows.lowerBound)
    let columns = layout.outputColumns.count
    outputs =
      columns == 0
      ? nil
      : try file.makeRows(
        "outputs", shape: [rows.count, columns], type: .float32, shownFirstRow: rows.lowerBound)
  }

  /// The facts that `FeatureStoreLayout.shardFacts` gave to a shard's file.
  static func facts(of file: HDF5File) throws(StorageError) -> Fingerprint {
    var facts = Fingerprint()
    for name in try file.attributeNames() {
      if case .text(let value) = try file.attribute(name) { facts.append(name, value) }
    }
    return facts
  }

  func append(
    _ range: Range<Int>, _ values: UnsafePointer<Float>, _ outputValues: UnsafePointer<Float>?
  ) throws(StorageError) {
    precondition(
      range.lowerBound == rows.lowerBound + features.nextRow,
      "row \(range.lowerBound) after \(rows.lowerBound + features.nextRow)")
    try features.append(values, rows: range.count)
    if let outputs, let outputValues { try outputs.append(outputValues, rows: range.count) }
  }

  func finish() throws(StorageError) -> Digest { try file.finish() }
}
