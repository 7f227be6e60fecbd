// Letters: R rows, the first dimension of a parameter; C columns, all its others together.
import Factors
import Tensors

/// Some rows and some columns of a parameter.
package struct ParameterPart: Sendable, Hashable {
  /// The parameter, R × C; a vector has one column.
  package let parameter: Parameter
  /// Of its first dimension.
  package let rows: Range<Int>
  /// Of all its other dimensions together, in the order of the flat vector.
  package let columns: Range<Int>

  /// Rows and columns; nil: all.
  package init(_ parameter: Parameter, rows: Range<Int>? = nil, columns: Range<Int>? = nil) {
    let width = parameter.shape.dropFirst().reduce(1, *)
    self.parameter = parameter
    self.rows = rows ?? 0..<(parameter.shape.first ?? 1)
    self.columns = columns ?? 0..<width
    precondition(
      self.rows.upperBound <= parameter.shape.first ?? 1 && self.columns.upperBound <= width,
      "\(self.rows) × \(self.columns) of \(parameter.name) \(parameter.shape)")
  }

  /// Number of values.
  package var count: Int { rows.count * columns.count }

  /// Its places in the flat vector, ascending; whole rows are one range.
  package var ranges: [Range<Int>] {
    let width = parameter.shape.dropFirst().reduce(1, *)
    if columns.count == width {
      return [
        parameter.offset + rows.lowerBound * width..<parameter.offset + rows.upperBound * width
      ]
    }
    return rows.map {
      let start = parameter.offset + $0 * width
      return start + columns.lowerBound..<start + columns.upperBound
    }
  }
}

extension [ParameterPart] {
  /// ‖w‖² of the values in a flat vector θ.
  ///
  /// - Precision: fp64 sums in the order of the parts.
  package func squaredNorm(_ theta: Tensor) -> Double {
    var sum = 0.0
    for part in self {
      for range in part.ranges {
        for place in range {
          let w = Double(theta.storage.base[place])
          sum += w * w
        }
      }
    }
    return sum
  }
}
