// Letters: C outputs (logits) z, y the true class, m the largest class, w softmax weights.
import Foundation
import Tensors

/// One example's outputs (or one position's) with its target, in fp64, with scratch for the softmax weights.
///
/// In order of priority: NaN in gives NaN out; digits kept when a probability is next to 1 (nothing
/// is subtracted from 1); no allocation a row.
struct LogitRow {
  /// Row of the outputs: the example in the batch, or B·T positions in order.
  let index: Int
  /// The outputs.
  let z: UnsafePointer<Float>
  /// Number of outputs C.
  let count: Int
  /// The true class y; nil for real targets.
  let trueClass: Int?
  /// The real targets.
  let t: UnsafePointer<Float>?
  /// Scratch, C values.
  let weights: UnsafeMutablePointer<Double>

  /// Calls `body` with every row of a batch that has a target, over the workers.
  ///
  /// - Precondition: one target a row, classes below C.
  static func forEach(
    _ outputs: Tensor, _ targets: TargetValues, _ body: @Sendable (LogitRow) -> Void
  ) {
    precondition(
      targets.count * targets.rowsOfExample == outputs.rowCount,
      "\(targets.count) targets, \(outputs.shape)")
    if case .values(let values) = targets {
      precondition(values.count == outputs.count, "\(values.shape) targets, \(outputs.shape)")
    }
    let width = outputs.rowLength
    Workers.run(over: outputs.rowCount, grain: max(1, (1 << 13) / max(1, width))) { rows in
      let scratch = Buffer<Double>(uninitialized: width)
      for row in rows {
        var trueClass: Int?
        var values: UnsafePointer<Float>?
        if case .values(let tensor) = targets {
          values = UnsafePointer(tensor.storage.base + row * width)
        } else {
          guard let y = targets.trueClass(row: row) else { continue }
          precondition(0..<width ~= y, "class \(y) of \(width)")
          trueClass = y
        }
        body(
          LogitRow(
            index: row, z: outputs.storage.base + row * width, count: width, trueClass: trueClass,
            t: values, weights: scratch.base))
      }
    }
  }

  /// The largest class other than `excluded`, the first of equals; nil when there is none.
  ///
  /// A NaN counts as largest, so that it is in the results.
  func largest(except excluded: Int?) -> Int? {
    var best: Int?
    for k in 0..<count where k != excluded {
      guard let m = best else {
        best = k
        continue
      }
      if z[k] > z[m] || z[k].isNaN { best = k }
    }
    return best
  }

  /// Fills `weights` with the softmax over all classes but `excluded`, whose weight is 0.
  ///
  /// - Returns: the largest class m and ln Σ e^(z_k − z_m); nil when no class is left.
  func softmax(except excluded: Int?) -> (largest: Int, logSum: Double)? {
    guard let m = largest(except: excluded) else {
      weights.update(repeating: 0, count: count)
      return nil
    }
    let top = Double(z[m])
    var rest = 0.0
    for k in 0..<count {
      weights[k] = k == excluded || k == m ? 0 : exp(Double(z[k]) - top)
      rest += weights[k]
    }
    // A NaN or infinite z_m has no weight of 1.
    weights[m] = top - top + 1
    let scale = 1 / (weights[m] + rest)
    for k in 0..<count { weights[k] *= scale }
    return (m, log1p(rest) + (top - top))
  }

  /// ln p_y = (z_y − z_m) − ln Σ e^(z_k − z_m), every digit kept when p_y is next to 1.
  func logProbability(of y: Int) -> Double {
    guard let m = largest(except: nil) else { return 0 }
    let top = Double(z[m])
    var rest = 0.0
    for k in 0..<count where k != m { rest += exp(Double(z[k]) - top) }
    return (Double(z[y]) - top) - log1p(rest)
  }

  /// ½‖z − t‖².
  func halfSquaredError() -> Double {
    guard let t else { return 0 }
    var sum = 0.0
    for k in 0..<count {
      let error = Double(z[k]) - Double(t[k])
      sum += error * error
    }
    return 0.5 * sum
  }
}
