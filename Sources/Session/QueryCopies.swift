import Datasets
import Tensors

/// Queries that stand in the training set: what they are asked is whether they were learnt by heart.
enum QueryCopies {
  /// Says which queries have the inputs of a training example, to the bit.
  ///
  /// - Parameter queries: of the split, or from outside.
  static func say(_ queries: Dataset, in train: Dataset, _ control: JobControl) {
    guard queries.count > 0, queries.count <= 1000 else { return }
    let index = EqualRows(of: queries)
    var firsts = [Int?](repeating: nil, count: queries.count)
    for row in 0..<train.count {
      for query in index.rows(equalTo: row, of: train) { firsts[query] = firsts[query] ?? row }
    }
    let found = firsts.enumerated().compactMap { query, row in
      row.map { "\(queries.ids[query]) is training example \(train.ids[$0])" }
    }
    guard !found.isEmpty else { return }
    control.note(
      "note: stands in the training set, so the answer is about an example that was learnt: query "
        + found.prefix(6).joined(separator: ", ")
        + (found.count > 6 ? ", … (\(found.count) of \(queries.count))" : ""))
  }
}
