import Storage
import Tensors
import Text

/// Examples in order: an id, an input and a target each; n is their number.
///
/// A value: subsets and noise make new datasets. `Dataset+Hash.swift` has its content hash.
public struct Dataset: Sendable {
  /// The names of the examples, all different.
  public let ids: [ExampleID]
  /// n × `featureShape`.
  public let inputs: Tensor
  /// Classes or numbers; with planted noise, the noisy classes.
  public let targets: Targets
  /// The classes before noise was planted; nil when none was.
  public let originalClasses: [Int32]?
  /// What made the inputs from texts and makes texts of them; nil when they are no texts.
  public let tokenizer: Tokenizer?
  /// The seal of the file whose rows these are, where gradients come from elsewhere and there may
  /// be no inputs (n × 0).
  public let origin: Digest?
  /// What each example's loss is multiplied by in training, n numbers of at least 0; nil: 1 each.
  public let weights: [Float]?
  let hash = HashMemory()

  /// A dataset of n ids, an n × … tensor and n targets.
  ///
  /// - Parameters:
  ///   - ids: all different; row numbers when nil.
  ///   - inputs: at least two dimensions, the first n.
  ///   - targets: n classes, each below the number of names, or n × outputs numbers.
  ///   - originalClasses: n classes as they were before noise was planted.
  ///   - tokenizer: what made the inputs from texts.
  ///   - origin: the seal of the file whose rows these are.
  ///   - weights: n finite numbers of at least 0.
  public init(
    ids: [ExampleID]? = nil, inputs: Tensor, targets: Targets, originalClasses: [Int32]? = nil,
    tokenizer: Tokenizer? = nil, origin: Digest? = nil, weights: [Float]? = nil
  ) {
    precondition(weights?.count ?? targets.count == targets.count, "weights of other examples")
    precondition(inputs.shape.count >= 2, "inputs of shape \(inputs.shape)")
    let n = inputs.shape[0]
    precondition(targets.count == n, "\(targets.count) targets for \(n) inputs")
    precondition(ids?.count ?? n == n, "\(ids?.count ?? 0) ids for \(n) inputs")
    precondition(originalClasses?.count ?? n == n, "original classes of other examples")
    if case .classes(let classes, let names) = targets {
      precondition(
        classes.allSatisfy { $0 >= 0 && Int($0) < names.count }, "a class beyond \(names.count)")
    }
    self.ids = ids ?? (0..<n).map { .row($0) }
    self.inputs = inputs
    self.targets = targets
    self.originalClasses = originalClasses
    self.tokenizer = tokenizer
    self.origin = origin
    self.weights = weights
  }

  /// The number of examples.
  public var count: Int { ids.count }

  /// The shape of one input.
  public var featureShape: [Int] { Array(inputs.shape.dropFirst()) }

  /// The number of numbers in one input.
  public var featureCount: Int { Tensor.count(featureShape) }

  /// The number of classes; 0 when the targets are numbers.
  public var classCount: Int { classNames.count }

  /// The classes as indices into `classNames`; nil when the targets are numbers.
  public var classes: [Int32]? {
    if case .classes(let classes, _) = targets { classes } else { nil }
  }

  /// The names of the classes; empty when the targets are numbers.
  public var classNames: [String] {
    if case .classes(_, let names) = targets { names } else { [] }
  }

  /// The text of each token id; nil unless next tokens are predicted.
  public var vocabulary: [String]? {
    if case .tokens(_, let vocabulary) = targets { vocabulary } else { nil }
  }

  /// The number of numbers a model predicts for an example: outputs, or one a class.
  public var outputCount: Int { targets.outputCount }

  /// For each example whether planted noise changed its class; all false when none was planted.
  public var flipped: [Bool] {
    guard let originalClasses, let classes else {
      return [Bool](repeating: false, count: count)
    }
    return zip(classes, originalClasses).map { $0 != $1 }
  }

  /// Whether noise was planted, even if it changed no class.
  public var hasPlantedNoise: Bool { originalClasses != nil }

  /// Some of the examples, in the given order; rows must differ.
  public func subset(_ rows: [Int]) -> Dataset {
    Dataset(
      ids: rows.map { ids[$0] }, inputs: inputs.gathered(rows), targets: targets.subset(rows),
      originalClasses: originalClasses.map { classes in rows.map { classes[$0] } },
      tokenizer: tokenizer, origin: origin, weights: weights.map { all in rows.map { all[$0] } })
  }

  /// The rows of some ids, in their order; throws `DatasetError.unknownID` for the first unknown.
  public func rows(of wanted: [ExampleID], in file: String) throws(DatasetError) -> [Int] {
    let positions = Dictionary(zip(ids, 0...), uniquingKeysWith: { first, _ in first })
    var rows: [Int] = []
    for id in wanted {
      guard let row = positions[id] else {
        throw .unknownID(file: file, id: id, examples: count, first: ids.first)
      }
      rows.append(row)
    }
    return rows
  }
}
