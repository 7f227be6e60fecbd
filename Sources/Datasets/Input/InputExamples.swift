import Foundation
import Tensors
import Text

/// Examples of a file that is in no split, read as a run's own: on its scale, with its classes and
/// its tokens.
public struct InputExamples: Sendable {
  /// The file.
  public let file: String
  /// The names that the file gives its examples; nil where it gives none.
  public let names: [ExampleID]?
  /// n × the shape of the run's examples.
  public let inputs: Tensor
  /// Their labels; nil without, and the sequences themselves where next tokens are predicted.
  public let targets: Targets?
  /// What became of the file on the way to the network: converted, resized, cut, padded, scaled.
  public let remarks: [String]
  let tokenizer: Tokenizer?

  /// n.
  public var count: Int { inputs.shape[0] }

  /// Some of the examples without labels, in the given order.
  package func subset(_ rows: [Int]) -> InputExamples {
    precondition(targets == nil, "labels of other examples")
    return InputExamples(
      file: file, names: names.map { names in rows.map { names[$0] } },
      inputs: inputs.gathered(rows), targets: nil, remarks: remarks, tokenizer: tokenizer)
  }

  /// The examples with targets, which a query must have.
  ///
  /// - Parameter targets: n of them.
  public func dataset(_ targets: Targets) -> Dataset {
    Dataset(ids: names, inputs: inputs, targets: targets, tokenizer: tokenizer)
  }

  /// What was read, in a line: `new.csv: 3 examples, without labels; scaled from [0, 16] to [0, 1]`.
  public var summary: String {
    var labels = ""
    if case .tokens? = targets {
    } else {
      labels = ", with\(targets == nil ? "out" : "") \(count == 1 ? "a label" : "labels")"
    }
    let first = "\(file): \(count) \(count == 1 ? "example" : "examples")\(labels)"
    return ([first] + remarks).joined(separator: "; ")
  }
}

extension DataConfiguration {
  /// Reads a file that is in no split as the run's own data: its columns, sizes, channels and tokens,
  /// scaled by the run's own numbers.
  ///
  /// The file is of the kind of the run's training data: a table; an array or arrays of the same
  /// names; PNG, JPEG or IDX where those are folders of images or IDX; a text, or JSON lines. Labels
  /// are read where it has them.
  ///
  /// - Parameters:
  ///   - file: its path.
  ///   - data: the run's data.
  /// - Throws: `DatasetError.ofInput` for a file that is not of this kind; `ImageError`, `JSONError`
  ///   and `StorageError` of its format.
  public func readInput(_ file: String, like data: SplitData) throws -> InputExamples {
    do {
      return try input(of: train.readInput(file, like: data.train), data)
    } catch let error as DatasetError {
      throw DatasetError.ofInput(error)
    }
  }

  private func input(of read: RawInput, _ data: SplitData) throws -> InputExamples {
    let raw = read.examples
    let shape = data.train.featureShape
    guard Array(raw.inputs.shape.dropFirst()) == shape else {
      throw DatasetError.wrongShape(
        file: raw.file, place: .file, shape: raw.inputs.shape, expected: shape.expectedText)
    }
    _ = try raw.uniqueIDs()
    var remarks = read.remarks
    let inputs: Tensor
    if let tokenizer = data.train.tokenizer {
      inputs = try raw.tokens(by: tokenizer, of: "the run's data")
    } else if data.train.vocabulary != nil {
      inputs = raw.inputs
    } else {
      inputs = try normalised(raw, data.normalisation)
      remarks += data.normalisation.remarks
    }
    return InputExamples(
      file: raw.file, names: raw.ids, inputs: inputs, targets: try raw.targets(like: data, inputs),
      remarks: remarks, tokenizer: data.train.tokenizer)
  }
}

/// What is read of a file from outside.
struct RawInput {
  var examples: RawExamples
  /// What was done to it.
  var remarks: [String] = []
}

extension RawExamples {
  /// The targets as those of the training examples; nil without labels.
  fileprivate func targets(like data: SplitData, _ inputs: Tensor) throws(DatasetError) -> Targets?
  {
    if case .tokens(_, let vocabulary) = data.train.targets {
      return .tokens(nextTokens(among: inputs), vocabulary: vocabulary)
    }
    if case .unlabelled = labels { return nil }
    if case .classes(_, let names) = data.train.targets {
      return .classes(try ClassTable(names: names).classes(of: self), names: names)
    }
    let targets = try values()
    guard targets.outputCount == data.train.outputCount else {
      throw .wrongShape(
        file: labelFile, place: .file, shape: [count, targets.outputCount],
        expected: "\(count) × \(data.train.outputCount) labels as in training")
    }
    return targets
  }
}

extension [Int] {
  /// The shapes of arrays from outside, for the shape of an example: `n × 28 × 28, or 28 × 28`.
  var expectedText: String {
    let own = map(String.init).joined(separator: " × ")
    return "n × \(own), or \(own) for one example"
  }
}

extension Normalisation {
  /// What it does to inputs, in words.
  fileprivate var remarks: [String] {
    func text(_ number: Double) -> String { String(format: "%g", number) }
    var remarks: [String] = []
    if let scale { remarks.append("scaled from [\(text(scale[0])), \(text(scale[1]))] to [0, 1]") }
    if mean.count == 1 {
      remarks.append("less the run's mean \(text(mean[0])), by its deviation \(text(std[0]))")
    } else if !mean.isEmpty {
      remarks.append("less the run's \(mean.count) means, by its deviations")
    }
    return remarks
  }
}
