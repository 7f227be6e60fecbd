import Tensors

/// What a batch's outputs are compared with.
public enum TargetValues: Sendable {
  /// One class an example, in 0..<C.
  case classes([Int32])
  /// B × O real values.
  case values(Tensor)
  /// The sequences themselves, B × T token ids: position t is to predict token t + 1.
  ///
  /// Ids below 0 are padding at the end of an example: no targets.
  case tokens(Tensor)

  /// Number of examples.
  public var count: Int {
    switch self {
    case .classes(let classes): classes.count
    case .values(let values), .tokens(let values): values.shape.first ?? 0
    }
  }

  /// Targets picked by index, in the given order.
  public func gathered(_ rows: [Int]) -> TargetValues {
    switch self {
    case .classes(let classes): .classes(rows.map { classes[$0] })
    case .values(let values): .values(values.gathered(rows))
    case .tokens(let tokens): .tokens(tokens.gathered(rows))
    }
  }

  /// Rows of outputs an example has: its positions for tokens, else 1.
  var rowsOfExample: Int {
    if case .tokens(let tokens) = self { tokens.rowLength } else { 1 }
  }

  /// The class that a row of the outputs is to predict; nil without one.
  func trueClass(row: Int) -> Int? {
    switch self {
    case .classes(let classes): return Int(classes[row])
    case .values: return nil
    case .tokens(let tokens):
      guard (row + 1) % tokens.rowLength != 0, tokens.storage.base[row + 1] >= 0 else { return nil }
      return Int(tokens.storage.base[row + 1])
    }
  }
}
