import Factors
import LinearAlgebra
import Tensors

extension FactorSide {
  /// Some columns of the vectors of some examples, (rows · T) × columns.
  ///
  /// A view without a copy where the values stand in storage already.
  func view(columns: Range<Int>, examples: Range<Int>) -> MatrixView<Float> {
    let rows = examples.lowerBound * positions..<examples.upperBound * positions
    switch self {
    case .dense(let values): return MatrixView(values)[rows, columns]
    case .denseWithOne(let values) where columns.upperBound <= values.rowLength:
      return MatrixView(values)[rows, columns]
    default:
      return MatrixView(copied(columns: columns, rows: rows))
    }
  }

  private func copied(columns: Range<Int>, rows: Range<Int>) -> Matrix<Float> {
    let width = columns.count
    switch self {
    case .dense(let values): return MatrixView(values)[rows, columns].matrix
    case .denseWithOne(let values):
      let result = Matrix<Float>(uninitialized: rows.count, width)
      for (k, row) in rows.enumerated() {
        let target = result.storage.base + k * width
        target.update(
          from: values.storage.base + row * values.rowLength + columns.lowerBound,
          count: width - 1)
        target[width - 1] = 1
      }
      return result
    case .oneHot(let indices, _, _):
      let result = Matrix<Float>(repeating: 0, rows: rows.count, columns: width)
      for (k, row) in rows.enumerated() where columns.contains(Int(indices[row])) {
        result.storage.base[k * width + Int(indices[row]) - columns.lowerBound] = 1
      }
      return result
    case .one: return Matrix<Float>(repeating: 1, rows: rows.count, columns: width)
    }
  }

  /// Columns picked by index, (rows · T) × picks.
  func gathered(columns: [Int], examples: Range<Int>) -> Matrix<Float> {
    let first = examples.lowerBound * positions
    let height = examples.count * positions
    let width = columns.count
    let result = Matrix<Float>(uninitialized: height, width)
    let target = result.storage.base
    switch self {
    case .dense(let values), .denseWithOne(let values):
      let inner = values.rowLength
      for row in 0..<height {
        let source = values.storage.base + (first + row) * inner
        for (k, column) in columns.enumerated() {
          target[row * width + k] = column < inner ? source[column] : 1
        }
      }
    case .oneHot(let indices, _, _):
      for row in 0..<height {
        let index = Int(indices[first + row])
        for (k, column) in columns.enumerated() {
          target[row * width + k] = column == index ? 1 : 0
        }
      }
    case .one: target.update(repeating: 1, count: height * width)
    }
    return result
  }
}
