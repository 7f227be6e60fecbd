import Tensors

extension Matrix where Scalar == Float {
  /// Adds another matrix of the same size, times a factor.
  mutating func add(_ other: Matrix<Float>, times factor: Float = 1) {
    precondition(rows == other.rows && columns == other.columns, "scores of other examples")
    let target = writableStorage()
    VectorMath.axpy(factor, other.storage.base, onto: target.base, count: count)
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

  /// Each row divided by its standard deviation, times a share.
  ///
  /// The deviation is within the row, so a query's scores do not depend on the other queries.
  func atUnitSpread(share: Float) -> Matrix<Float> {
    var result = self
    let target = result.writableStorage()
    for row in 0..<rows {
      VectorMath.scale(
        share * inverseSpread(row: row), target.base + row * columns, count: columns)
    }
    return result
  }

  /// 1/σ of a row, of its values that are numbers; 0 for values that differ by rounding only.
  func inverseSpread(row: Int) -> Float {
    let values = UnsafeBufferPointer(start: storage.base + row * columns, count: columns)
    var (sum, largest, count) = (0.0, 0.0, 0.0)
    for value in values where !value.isNaN {
      sum += Double(value)
      largest = Swift.max(largest, abs(Double(value)))
      count += 1
    }
    let mean = sum / Swift.max(1, count)
    var squares = 0.0
    for value in values where !value.isNaN {
      let difference = Double(value) - mean
      squares += difference * difference
    }
    let spread = (squares / Swift.max(1, count)).squareRoot()
    return spread > largest * Double(Float.ulpOfOne) ? Float(1 / spread) : 0
  }
}
