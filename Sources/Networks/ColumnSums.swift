import Tensors

extension Tensor {
  /// Adds the sum of its rows to a flat vector from `offset` on: the gradient of a bias.
  func addColumnSums(to flat: inout Tensor?, at offset: Int) {
    flat?.withUnsafeMutablePointer { base in
      VectorMath.columnSums(
        storage.base, rows: rowCount, columns: rowLength, onto: base + offset)
    }
  }
}
