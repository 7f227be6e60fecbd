import Tensors

/// The stable names of a store's rows.
public enum RowIDs: Hashable, Sendable {
  /// Whole numbers, such as row numbers of the source.
  case integers([Int64])
  /// Texts, such as file names.
  case texts([String])

  /// Number of rows.
  public var count: Int {
    switch self {
    case .integers(let values): values.count
    case .texts(let values): values.count
    }
  }
}

/// The labels of a store's rows.
public enum RowLabels: Equatable, Sendable {
  /// Class numbers.
  case classes([Int64])
  /// Targets of regression, rows × targets.
  case values(Matrix<Float>)

  /// Number of rows.
  public var count: Int {
    switch self {
    case .classes(let values): values.count
    case .values(let values): values.rows
    }
  }
}

extension FeatureStoreWriter {
  /// Writes the main file, which makes the store complete: ids, labels, the shards' seals, and
  /// virtual datasets through which other HDF5 readers see each group as one matrix.
  ///
  /// - Throws: `StorageError.incomplete` naming rows that were not written, `.wrongShape` when
  ///   ids or labels are not one for each row.
  public func finish(ids: RowIDs, labels: RowLabels) throws(StorageError) {
    for group in layout.groups {
      if let missing = missingRows(group: group).first {
        throw .incomplete(group: group, missing: missing, file: path)
      }
    }
    for (name, count) in [("ids", ids.count), ("labels", labels.count)] where count != layout.rows {
      throw .wrongShape(name: name, expected: [layout.rows], found: [count], file: path)
    }
    try FeatureStoreIndex.write(
      to: paths, layout: layout, fingerprint: fingerprint,
      seals: seals.mapValues { $0.compactMap { $0 } }, ids: ids, labels: labels,
      deleted: deleted)
  }
}
