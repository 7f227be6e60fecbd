import Tensors

/// What a batch's outputs are compared with.
public enum TargetValues: Sendable {
  /// One class an example, in 0..<C.
  case classes([Int32])
  /// B × O real values.
  case values(Tensor)

  /// Number of examples.
  public var count: Int {
    switch self {
    case .classes(let classes): classes.count
    case .values(let values): values.shape.first ?? 0
    }
  }

  /// Targets picked by index, in the given order.
  public func gathered(_ rows: [Int]) -> TargetValues {
    switch self {
    case .classes(let classes): .classes(rows.map { classes[$0] })
    case .values(let values): .values(values.gathered(rows))
    }
  }
}
