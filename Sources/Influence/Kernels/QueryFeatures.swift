// Letters: m queries, k features.
import Datasets
import Gradients
import Networks
import Storage
import Tensors

/// Features of queries that were collected: the test split's store, read in place of a pass through
/// network and projector.
///
/// An example is taken from it only when it is the stored one, inputs and target bit by bit.
public struct QueryFeatures: Sendable {
  private let store: FeatureStoreReader
  private let data: Dataset
  private let rows: [ExampleID: Int]

  /// A store of a data set's features, checked against it by whoever opened it.
  public init(_ store: FeatureStoreReader, of data: Dataset) {
    (self.store, self.data) = (store, data)
    rows = Dictionary(zip(data.ids, 0...), uniquingKeysWith: { first, _ in first })
  }

  /// The features of examples at a checkpoint, m × k; nil unless all of them are stored.
  func features(of queries: Dataset, group: String) throws -> Matrix<Float>? {
    guard store.groups.contains(group) else { return nil }
    var found: [Int] = []
    for (place, id) in queries.ids.enumerated() {
      guard let row = rows[id], isSame(queries, place, row) else { return nil }
      found.append(row)
    }
    return try store.rows(found, of: group)
  }

  private func isSame(_ queries: Dataset, _ place: Int, _ row: Int) -> Bool {
    let width = data.featureCount
    // Examples of gradients from elsewhere have no inputs that tell them apart, but a file.
    guard queries.featureCount == width, queries.origin == data.origin else { return false }
    let (a, b) = (queries.inputs.storage, data.inputs.storage)
    for i in 0..<width
    where a.base[place * width + i].bitPattern != b.base[row * width + i].bitPattern {
      return false
    }
    return queries.targets.subset([place]) == data.targets.subset([row])
  }
}
