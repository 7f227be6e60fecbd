import Tensors

/// One side of the outer products that make up per-example gradients: a W-vector for each of the
/// T positions of each of the n examples.
public enum FactorSide: Sendable {
  /// n × T × W values.
  case dense(Tensor)
  /// n × T × (W − 1) values with a 1 appended: layer inputs with the bias as last coordinate.
  case denseWithOne(Tensor)
  /// The unit vector of `indices[i·T + t]`: tokens under an embedding.
  case oneHot(indices: [Int32], positions: Int, width: Int)
  /// The single value 1 at one position: element-wise parameters, whose gradient is the other side.
  case one

  /// Width W of the vectors.
  public var width: Int {
    switch self {
    case .dense(let values): values.rowLength
    case .denseWithOne(let values): values.rowLength + 1
    case .oneHot(_, _, let width): width
    case .one: 1
    }
  }

  /// Positions T of an example.
  public var positions: Int {
    switch self {
    case .dense(let values), .denseWithOne(let values): values.shape[1]
    case .oneHot(_, let positions, _): positions
    case .one: 1
    }
  }

  /// Examples `range` alone.
  public func examples(_ range: Range<Int>) -> FactorSide {
    switch self {
    case .dense(let values): .dense(values.prefixSlice(range))
    case .denseWithOne(let values): .denseWithOne(values.prefixSlice(range))
    case .oneHot(let indices, let positions, let width):
      .oneHot(
        indices: Array(indices[range.lowerBound * positions..<range.upperBound * positions]),
        positions: positions, width: width)
    case .one: .one
    }
  }

  /// The sum of dense vectors over the positions of each example, n × 1 × W.
  public func summedOverPositions() -> FactorSide {
    guard case .dense(let values) = self else {
      preconditionFailure("positions of a side that is not dense")
    }
    if positions == 1 { return self }
    let width = values.rowLength
    let result = Tensor(uninitialized: [values.shape[0], 1, width])
    for i in 0..<values.shape[0] {
      VectorMath.columnSums(
        values.storage.base + i * positions * width, rows: positions, columns: width,
        into: result.storage.base + i * width)
    }
    return .dense(result)
  }

  /// The vectors written out, n × T × W.
  public func materialised(count: Int) -> Tensor {
    switch self {
    case .dense(let values):
      return values
    case .denseWithOne(let values):
      let inner = values.rowLength
      let rows = values.rowCount
      let result = Tensor(uninitialized: [count, positions, inner + 1])
      let source = values.storage
      let target = result.storage
      for row in 0..<rows {
        (target.base + row * (inner + 1)).update(from: source.base + row * inner, count: inner)
        target.base[row * (inner + 1) + inner] = 1
      }
      return result
    case .oneHot(let indices, let positions, let width):
      var result = Tensor(repeating: 0, shape: [count, positions, width])
      result.withUnsafeMutablePointer { base in
        for (row, index) in indices.enumerated() { base[row * width + Int(index)] = 1 }
      }
      return result
    case .one:
      return Tensor(repeating: 1, shape: [count, 1, 1])
    }
  }
}
