// Letters: n training examples, C classes.
import Foundation
import Tensors

/// What a kernel regression says of each training example's label when it is fitted without it.
///
///     ŷ₋ᵢ = y_i − r_i        margin_i = ŷ₋ᵢ[y] − max_{c≠y} ŷ₋ᵢ[c]        error_i = ‖softmax(β ŷ₋ᵢ) − y_i‖
///
/// β makes the labels most likely over all training examples: on the regression's scale of zeros and
/// ones probabilities would be all alike (temperature scaling, Guo et al. 2017).
public struct LeftOutLabels: Sendable, Equatable {
  /// Its prediction for the label against the best other class, n values.
  ///
  /// Negative: the others say another label. For numbers minus the squared residual.
  public let margins: [Float]
  /// EL2N of its prediction in [0, √2], n values; for numbers the length of the residual.
  public let errors: [Float]
}

extension NTKLeaveOneOut {
  func leftOutLabels() -> LeftOutLabels {
    guard case .classes(let classes, _) = targets else {
      let squares = (0..<residuals.rows).map { i in
        residuals.row(i).reduce(0) { $0 + $1 * $1 }
      }
      return LeftOutLabels(
        margins: squares.map { Float(-$0) }, errors: squares.map { Float($0.squareRoot()) })
    }
    let predictions = leftOutPredictions()
    let slope = LabelSlope(predictions, classes)
    let width = predictions.columns
    let margins = classes.indices.map { i in
      let (row, label) = (predictions.row(i), Int(classes[i]))
      let others = (0..<width).lazy.filter { $0 != label }.map { row[$0] }
      return Float(row[label] - (others.max() ?? 0))
    }
    let errors = classes.indices.map { i in
      slope.error(predictions.storage.base + i * width, width, label: Int(classes[i]))
    }
    return LeftOutLabels(margins: margins, errors: errors)
  }

  /// ŷ₋ᵢ = y − r, n × C; centring by class frequencies is undone.
  private func leftOutPredictions() -> Matrix<Double> {
    var predictions = targets.centred(outputs: residuals.columns, without: kernel.deletedRows)
    let means = targets.means(outputs: residuals.columns, without: kernel.deletedRows)
    for i in 0..<predictions.rows {
      for c in 0..<predictions.columns { predictions[i, c] += means[c] - residuals[i, c] }
    }
    return predictions
  }
}

/// The slope β that makes labels most likely: argmax_β Σ_i log softmax(β ŷ_i)[y_i].
///
/// The likelihood is concave in β; its derivative is halved down to a part in a thousand.
struct LabelSlope {
  /// β in 1…64: 0 and 1 of a regression are far apart or not told apart at all beyond.
  let value: Double

  /// - Parameters:
  ///   - predictions: ŷ, n × C; rows that are not finite do not count.
  ///   - classes: y, n.
  /// - Complexity: 13nC exponentials; sums of 4,096 rows are added in order.
  init(_ predictions: Matrix<Double>, _ classes: [Int32]) {
    var (low, high) = (1.0, 64.0)
    while high > 1.001 * low {
      let middle = (low * high).squareRoot()
      if LabelSlope.derivative(middle, predictions, classes) > 0 {
        low = middle
      } else {
        high = middle
      }
    }
    value = (low * high).squareRoot()
  }

  /// Σ_i ŷ_i[y_i] − ⟨softmax(β ŷ_i), ŷ_i⟩.
  private static func derivative(
    _ slope: Double, _ predictions: Matrix<Double>, _ classes: [Int32]
  ) -> Double {
    let (width, blocks) = (predictions.columns, (0..<classes.count).blocks(of: 4_096))
    let sums = Buffer<Double>(uninitialized: blocks.count)
    Workers.run(slices: blocks.count) { block in
      sums.base[block] = blocks[block].reduce(0) { sum, i in
        let row = predictions.storage.base + i * width
        let largest = LabelSlope.largest(row, width)
        var (weights, weighted) = (0.0, 0.0)
        for c in 0..<width {
          let weight = exp(slope * (row[c] - largest))
          weights += weight
          weighted += weight * row[c]
        }
        let own = row[Int(classes[i])] - weighted / weights
        return own.isFinite ? sum + own : sum
      }
    }
    return (0..<blocks.count).reduce(0) { $0 + sums.base[$1] }
  }

  /// ‖softmax(β ŷ) − y‖ of one row; NaN where it is not finite.
  fileprivate func error(_ row: UnsafePointer<Double>, _ width: Int, label: Int) -> Float {
    let largest = LabelSlope.largest(row, width)
    guard largest.isFinite else { return .nan }
    let weights = (0..<width).reduce(0.0) { $0 + exp(value * (row[$1] - largest)) }
    let squares = (0..<width).reduce(0.0) {
      let gap = exp(value * (row[$1] - largest)) / weights - ($1 == label ? 1 : 0)
      return $0 + gap * gap
    }
    return Float(squares.squareRoot())
  }

  private static func largest(_ row: UnsafePointer<Double>, _ width: Int) -> Double {
    (1..<max(1, width)).reduce(row[0]) { max($0, row[$1]) }
  }
}
