import Tensors

/// What a model is to predict: a class or numbers for each example.
public enum Targets: Sendable, Equatable {
  /// The class of each example as an index into the names.
  case classes([Int32], names: [String])
  /// Numbers, n × outputs.
  case values(Tensor)
  /// Sequences whose next tokens are to be predicted: n × T token ids, below 0 for padding at the
  /// end, and the token of each id as text.
  case tokens(Tensor, vocabulary: [String])

  /// The number of examples.
  public var count: Int {
    switch self {
    case .classes(let classes, _): classes.count
    case .values(let values): values.shape[0]
    case .tokens(let tokens, _): tokens.shape[0]
    }
  }

  /// The number of numbers a model predicts for an example: one a class or
  /// token of the vocabulary, or the outputs.
  public var outputCount: Int {
    switch self {
    case .classes(_, let names): names.count
    case .values(let values): values.shape[1]
    case .tokens(_, let vocabulary): vocabulary.count
    }
  }

  /// The targets of some examples, in the given order.
  public func subset(_ rows: [Int]) -> Targets {
    switch self {
    case .classes(let classes, let names): .classes(rows.map { classes[$0] }, names: names)
    case .values(let values): .values(values.gathered(rows))
    case .tokens(let tokens, let vocabulary):
      .tokens(tokens.gathered(rows), vocabulary: vocabulary)
    }
  }
}
