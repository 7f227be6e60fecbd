import Components
import Datasets
import Influence
import Tensors

/// A partner for each query, such as a corrupted prompt, whose activations stand in for its own:
/// activation patching.
///
/// A comma-separated table with a column `id`, and `pair`, the id of an example of the same part of
/// the data or of the training examples, or `text`, the partner itself, for texts.
struct PairedExamples {
  private let table: MetadataTable

  init(_ file: String) throws { table = try MetadataTable(reading: file) }

  /// The queries' partners, in their order.
  ///
  /// - Parameter part: the examples that ids in `pair` are of, before those of the training set.
  /// - Throws: `ComponentError.request` for a query without a partner, and for a text of none or of
  ///   too many tokens; `DatasetError.unknownID`, `.unknownColumn`.
  func inputs(of queries: Dataset, in part: Dataset, train: Dataset) throws -> Tensor {
    let isText = table.columns.contains("text") && !table.columns.contains("pair")
    let found = try table.values(of: isText ? "text" : "pair", for: queries.ids)
    let inputs = Tensor(uninitialized: queries.inputs.shape)
    let width = inputs.rowLength
    let known = Set(part.ids)
    for (row, id) in queries.ids.enumerated() {
      guard let partner = found[row] else {
        throw ComponentError.request(
          problem: "query \(id) has no pair in \(table.file)", field: "‹pairs›",
          remedy: "add a line for it, or ask about those that have one: ‹queries: ID,…›")
      }
      let own: Tensor
      if isText {
        own = try tokens(of: partner, width: width, id, queries)
      } else {
        let source = known.contains(ExampleID(partner)) ? part : train
        own = source.inputs.gathered(
          try source.rows(of: [ExampleID(partner)], in: "\(table.file), the pair of \(id)"))
      }
      (inputs.storage.base + row * width).update(from: own.storage.base, count: width)
    }
    return inputs
  }

  /// A text as the run's own, padded.
  private func tokens(
    of text: String, width: Int, _ id: ExampleID, _ queries: Dataset
  ) throws -> Tensor {
    guard let tokenizer = queries.tokenizer else {
      throw ComponentError.request(
        problem: "the run's examples are no texts", field: "‹pairs›",
        remedy: "give the ids of other examples in a column `pair`")
    }
    let found = try tokenizer.tokens(of: text)
    guard found.count <= width else {
      throw ComponentError.request(
        problem: "the pair of query \(id) has \(found.count) tokens, the run's longest \(width)",
        field: "‹pairs›", remedy: "shorten it to the query's own length")
    }
    let tensor = Tensor(repeating: -1, shape: [1, width])
    for (place, token) in found.enumerated() { tensor.storage.base[place] = Float(token.id) }
    return tensor
  }
}
