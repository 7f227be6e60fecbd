/// Functions of the rows of a tensor, over its last dimension.
extension Tensor {
  /// eˣ / Σ eˣ over the last dimension; same shape.
  public func softmax() -> Tensor {
    let result = Tensor(uninitialized: shape)
    let (source, target, columns) = (storage, result.storage, rowLength)
    runOverRows { rows in
      let start = rows.lowerBound * columns
      VectorMath.softmaxRows(
        source.base + start, into: target.base + start, rows: rows.count, columns: columns)
    }
    return result
  }

  /// ln Σ eˣ over the last dimension, which the result does not have.
  public func logSumExp() -> Tensor {
    let result = Tensor(uninitialized: Array(shape.dropLast()))
    let (source, target, columns) = (storage, result.storage, rowLength)
    runOverRows { rows in
      VectorMath.logSumExpRows(
        source.base + rows.lowerBound * columns, into: target.base + rows.lowerBound,
        rows: rows.count, columns: columns)
    }
    return result
  }

  /// Calls `body` for slices of whole rows of about `elementGrain` elements.
  private func runOverRows(_ body: @Sendable (Range<Int>) -> Void) {
    Workers.run(
      over: rowCount, grain: max(1, Tensor.elementGrain / max(1, rowLength)), body)
  }
}
