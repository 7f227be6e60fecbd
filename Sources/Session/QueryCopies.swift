import Datasets
import Tensors

/// Queries that stand in the training set: what they are asked is whether they were learnt by heart.
enum QueryCopies {
  /// Says which queries have the inputs of a training example, to the bit.
  ///
  /// - Parameter queries: of the split, or from outside.
  static func say(_ queries: Dataset, in train: Dataset, _ control: JobControl) {
    let width = queries.featureCount
    guard width > 0, width == train.featureCount, queries.count <= 1000 else { return }
    var found: [String] = []
    for query in 0..<queries.count {
      guard let row = firstEqual(queries, query, train, width) else { continue }
      found.append("\(queries.ids[query]) is training example \(train.ids[row])")
    }
    guard !found.isEmpty else { return }
    control.note(
      "note: stands in the training set, so the answer is about an example that was learnt: query "
        + found.prefix(6).joined(separator: ", ")
        + (found.count > 6 ? ", … (\(found.count) of \(queries.count))" : ""))
  }

  /// The first training row whose inputs are those of a query.
  private static func firstEqual(
    _ queries: Dataset, _ query: Int, _ train: Dataset, _ width: Int
  ) -> Int? {
    let (wanted, base) = (queries.inputs.storage.base + query * width, train.inputs.storage.base)
    return (0..<train.count).first { row in
      let candidate = base + row * width
      for place in 0..<width where candidate[place] != wanted[place] { return false }
      return true
    }
  }
}
