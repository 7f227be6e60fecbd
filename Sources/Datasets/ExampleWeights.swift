// Letters: n training examples.
import Tensors

/// What each training example's loss is multiplied by, from a table with the columns `id` and `weight`.
///
///     mean over a batch of w_i ℓ_i
///
/// Other columns are passed over. Every training example needs a weight: a finite number of at least 0,
/// not all of them 0. They are taken as they are; those that `ascribe weights` writes have the mean 1.
public struct ExampleWeights: Sendable, Equatable {
  /// The file.
  public let file: String
  private let values: [ExampleID: (weight: Float, line: Int)]
  private let order: [ExampleID]

  /// The same file with the same weights.
  public static func == (a: ExampleWeights, b: ExampleWeights) -> Bool {
    a.file == b.file && a.order == b.order
      && a.order.allSatisfy { a.values[$0]?.weight == b.values[$0]?.weight }
  }

  /// Reads a table.
  ///
  /// - Throws: `DatasetError` for a file that is no such table; `.weight` naming the line of an id that
  ///   has two weights or of a weight that is none.
  public init(reading file: String) throws(DatasetError) {
    let source = try FileBytes(file)
    var (values, order) = ([ExampleID: (weight: Float, line: Int)](), [ExampleID]())
    try source.bytes.withUnsafeBufferPointer { bytes throws(DatasetError) in
      var table = CSVTable(file: file, bytes: bytes, delimiter: .byte(UInt8(ascii: ",")))
      guard try table.next() else { throw .noExamples(file: file) }
      let names = try table.texts()
      func column(_ name: String) throws(DatasetError) -> Int {
        guard let place = names.firstIndex(of: name) else {
          throw .unknownColumn(file: file, wanted: name, columns: names)
        }
        return place
      }
      let (idColumn, weightColumn) = (try column("id"), try column("weight"))
      while try table.next() {
        guard table.fields.count == names.count else {
          throw .fieldCount(
            file: file, line: table.line, expected: names.count, found: table.fields.count)
        }
        let texts = try table.texts()
        let id = ExampleID(texts[idColumn])
        guard let weight = Float(texts[weightColumn]), weight.isFinite, weight >= 0 else {
          throw .weight(
            file: file, line: table.line, problem: "`\(texts[weightColumn])` is no weight of \(id)",
            remedy: "write a number of at least 0.")
        }
        if let first = values.updateValue((weight, table.line), forKey: id) {
          throw .weight(
            file: file, line: table.line,
            problem: "\(id) has a weight in line \(first.line) already",
            remedy: "leave one of the two lines.")
        }
        order.append(id)
      }
    }
    (self.file, self.values, self.order) = (file, values, order)
  }

  /// The data with weights of its training examples.
  ///
  /// - Throws: `DatasetError.weight` for an example without weight, an id of no training example, and
  ///   where all weights are 0.
  public func applied(to data: SplitData) throws(DatasetError) -> SplitData {
    let train = data.train
    var weights: [Float] = []
    for id in train.ids {
      guard let found = values[id] else {
        throw .weight(
          file: file, line: nil, problem: "the training example \(id) has no weight",
          remedy: "write a line for each of the \(train.count) training examples.")
      }
      weights.append(found.weight)
    }
    if values.count > train.count {
      let known = Set(train.ids)
      if let stray = order.first(where: { !known.contains($0) }) {
        throw .weight(
          file: file, line: values[stray]?.line, problem: "there is no training example \(stray)",
          remedy: "leave the line out, or take weights made for this data.")
      }
    }
    guard weights.contains(where: { $0 > 0 }) else {
      throw .weight(
        file: file, line: nil, problem: "all weights are 0",
        remedy: "give what is to be learnt a weight above 0.")
    }
    return data.training(on: train.weighted(weights))
  }
}

extension Dataset {
  /// The same examples with weights, n finite numbers of at least 0.
  public func weighted(_ weights: [Float]) -> Dataset {
    Dataset(
      ids: ids, inputs: inputs, targets: targets, originalClasses: originalClasses,
      tokenizer: tokenizer, origin: origin, weights: weights)
  }
}
