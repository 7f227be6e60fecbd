import Tensors

extension Tensor {
  /// As `addColumnSums`, of many short rows, on all workers.
  ///
  /// The rows are cut into at most 16 parts of at least 1,024; their sums are added in order.
  func addPixelSums(to flat: inout Tensor?, at offset: Int) {
    let (rows, width) = (rowCount, rowLength)
    let parts = Swift.max(1, Swift.min(16, rows / 1024))
    guard parts > 1 else { return addColumnSums(to: &flat, at: offset) }
    let sums = Tensor(repeating: 0, shape: [parts, width])
    let (source, target, grain) = (storage, sums.storage, (rows + parts - 1) / parts)
    Workers.run(over: rows, grain: grain) { range in
      VectorMath.columnSums(
        source.base + range.lowerBound * width, rows: range.count, columns: width,
        onto: target.base + range.lowerBound / grain * width)
    }
    sums.addColumnSums(to: &flat, at: offset)
  }

  /// Adds the sum of its rows to a flat vector from `offset` on: the gradient of a bias.
  func addColumnSums(to flat: inout Tensor?, at offset: Int) {
    flat?.withUnsafeMutablePointer { base in
      VectorMath.columnSums(
        storage.base, rows: rowCount, columns: rowLength, onto: base + offset)
    }
  }
}
