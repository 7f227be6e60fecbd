import Tensors

extension Matrix where Scalar == Float {
  /// Adds another matrix of the same size.
  mutating func add(_ other: Matrix<Float>) {
    precondition(rows == other.rows && columns == other.columns, "scores of other examples")
    let target = writableStorage()
    VectorMath.axpy(1, other.storage.base, onto: target.base, count: count)
  }

  /// Multiplies every element.
  mutating func scale(by factor: Float) {
    let target = writableStorage()
    VectorMath.scale(factor, target.base, count: count)
  }

  /// Multiplies column i by weight i.
  mutating func multiplyColumns(by weights: [Float]) {
    precondition(weights.count == columns, "\(weights.count) weights for \(columns) columns")
    let target = writableStorage()
    weights.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      for row in 0..<rows {
        let place = target.base + row * columns
        VectorMath.multiply(place, start, into: place, count: columns)
      }
    }
  }

  /// ½ this + ½ other, each row of both divided by its standard deviation.
  ///
  /// The deviation is within the row, so a query's scores do not depend on the other queries.
  func combinedAtUnitSpread(with other: Matrix<Float>) -> Matrix<Float> {
    var result = self
    let target = result.writableStorage()
    for row in 0..<rows {
      let a = 0.5 * inverseSpread(row: row)
      let b = 0.5 * other.inverseSpread(row: row)
      let start = row * columns
      for i in start..<start + columns {
        target.base[i] = a * storage.base[i] + b * other.storage.base[i]
      }
    }
    return result
  }

  private func inverseSpread(row: Int) -> Float {
    var sum = 0.0
    var squares = 0.0
    for i in row * columns..<(row + 1) * columns {
      let value = Double(storage.base[i])
      sum += value
      squares += value * value
    }
    let mean = sum / Double(Swift.max(1, columns))
    let variance = squares / Double(Swift.max(1, columns)) - mean * mean
    return variance > 0 ? Float(1 / variance.squareRoot()) : 0
  }
}
