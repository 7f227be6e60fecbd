import Storage
import Tensors

extension FeatureStoreReader {
  /// Some rows of a group, in the given order: one pass over the store.
  func rows(_ chosen: [Int], of group: String) throws -> Matrix<Float> {
    let places = Dictionary(zip(chosen, 0...), uniquingKeysWith: { first, _ in first })
    let result = Matrix<Float>(uninitialized: chosen.count, columns)
    try forEachBlock(group: group, rowsPerBlock: scanRows) { rows, block in
      for row in rows {
        guard let place = places[row] else { continue }
        (result.storage.base + place * columns).update(
          from: block.storage.base + (row - rows.lowerBound) * columns, count: columns)
      }
    }
    return result
  }
}
