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

  /// 1/σ of a row; 0 for a row whose values differ by rounding only.
  func inverseSpread(row: Int) -> Float {
    let values = row * columns..<(row + 1) * columns
    var sum = 0.0
    var largest = 0.0
    for i in values {
      sum += Double(storage.base[i])
      largest = Swift.max(largest, abs(Double(storage.base[i])))
    }
    let mean = sum / Double(Swift.max(1, columns))
    var squares = 0.0
    for i in values {
      let difference = Double(storage.base[i]) - mean
      squares += difference * difference
    }
    let spread = (squares / Double(Swift.max(1, columns))).squareRoot()
    return spread > largest * Double(Float.ulpOfOne) ? Float(1 / spread) : 0
  }
}
