import Storage
import Tensors

extension FeatureStoreReader {
  /// Some rows of a group, in the given order, a row as often as it is named: the blocks of the store
  /// that have one of them are read, each once.
  func rows(_ chosen: [Int], of group: String) throws -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: chosen.count, columns)
    let size = scanRows
    for (block, places) in Dictionary(grouping: chosen.indices, by: { chosen[$0] / size }) {
      let range = block * size..<min(rows, (block + 1) * size)
      let features = try readRows(group: group, range)
      for place in places {
        (result.storage.base + place * columns).update(
          from: features.storage.base + (chosen[place] - range.lowerBound) * columns,
          count: columns)
      }
    }
    return result
  }

  /// What the user should know of rows that are zero.
  static func zeroRowNotes(_ group: String, _ rows: [Int]) -> [String] {
    if rows.isEmpty { return [] }
    let some = rows.prefix(5).map(String.init).joined(separator: ", ")
    return [
      "\(group): \(rows.count) rows of features are zero and score 0 (rows \(some)"
        + (rows.count > 5 ? ", …)" : ")")
    ]
  }
}
