// Letters: n sequences, T positions, W targets of all sequences together.
import Datasets
import Networks
import Tensors

/// What a model makes of sequences, as far as it is kept: f of each sequence and of each of its
/// targets, not the outputs themselves, of which there are as many as tokens in the vocabulary.
public struct SequenceOutputs: Sendable {
  /// The functions that are kept, in order; `loss` of a token is its `logProbability`.
  public static let functions: [OutputFunction] = [.margin, .hardMargin, .logit, .logProbability]

  /// The function among `functions` that has the values of another; nil for those of no sequences.
  public static func kept(_ function: OutputFunction) -> OutputFunction? {
    function == .loss ? .logProbability : functions.contains(function) ? function : nil
  }

  /// f by function, n values each: the sum over a sequence's targets.
  public private(set) var sums: [[Float]]
  /// f of every target by function, W values each: the sequences in order, within each from the
  /// second token on.
  public private(set) var tokens: [[Float]]
  /// The token that is predicted in place of each target, W values.
  public private(set) var predicted: [Int32] = []

  init() {
    sums = SequenceOutputs.functions.map { _ in [] }
    tokens = sums
  }

  /// Adds the outputs of a few sequences.
  mutating func append(_ logits: Tensor, _ sequences: Tensor) {
    let targets = TargetValues.tokens(sequences)
    let found = TokenOutputs(SequenceOutputs.functions, logits, targets)
    let places = sequences.rowLength
    for (index, values) in found.values.enumerated() {
      sums[index] += (0..<targets.count).map {
        Float(values[$0 * places..<($0 + 1) * places].reduce(0, +))
      }
    }
    for (row, token) in found.predicted.enumerated() where token >= 0 {
      predicted.append(token)
      for index in tokens.indices { tokens[index].append(Float(found.values[index][row])) }
    }
  }
}

extension Targets {
  /// How many targets each sequence has, n values; nil when these are no sequences.
  public var tokenCounts: [Int]? {
    guard case .tokens(let tokens, _) = self else { return nil }
    let width = tokens.rowLength
    return (0..<tokens.shape[0]).map { row in
      (1..<max(1, width)).count { tokens.storage.base[row * width + $0] >= 0 }
    }
  }
}

extension Predictor {
  /// What the network makes of sequences that predict their next tokens.
  ///
  /// Memory beyond the result is that of one block.
  ///
  /// - Parameters:
  ///   - data: n sequences of the network's length.
  ///   - rows: the rows of `data` to predict, all when nil.
  /// - Returns: the values of `OutputFunction.values` and `tokenValues`, to the bit.
  public func sequenceOutputs(for data: Dataset, rows: [Int]? = nil) -> SequenceOutputs {
    guard case .tokens(let sequences, _) = data.targets else { return SequenceOutputs() }
    let n = rows?.count ?? data.count
    var found = SequenceOutputs()
    for range in (0..<n).blocks(of: examplesAtATime) {
      let block = rows.map { Array($0[range]) } ?? Array(range)
      found.append(
        network.uncheckedOutputs(data.inputs.gathered(block), parameters: parameters),
        sequences.gathered(block))
    }
    return found
  }
}
