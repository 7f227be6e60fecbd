// Letters: B examples, C outputs z, p softmax of z, t real targets.
import Tensors

/// The training loss of one example, with its derivatives by the outputs.
public enum Loss: String, Sendable, Codable {
  /// ℓ = −log p_y.
  case crossEntropy
  /// ℓ = ½‖z − t‖² (half of PyTorch's sum-reduced `mse_loss`).
  case squaredError

  /// ∂ℓ/∂z times `scale`, B × C: p − e_y, or z − t.
  ///
  /// - Precision: fp32; p_y − 1 is −Σ_{k≠y} p_k, so that what is left of a memorised example keeps
  ///   its digits.
  public func gradient(_ outputs: Tensor, _ targets: TargetValues, scale: Float = 1) -> Tensor {
    requireCount(outputs, targets)
    var gradient: Tensor
    switch (self, targets) {
    case (.crossEntropy, .classes(let classes)):
      gradient = outputs.softmax()
      let width = outputs.rowLength
      gradient.withUnsafeMutablePointer { base in
        for (index, y) in classes.enumerated() {
          precondition(0..<width ~= Int(y), "class \(y) of \(width)")
          let p = base + index * width
          p[Int(y)] = 0
          var rest: Float = 0
          for k in 0..<width { rest += p[k] }
          p[Int(y)] = -rest
        }
      }
    case (.squaredError, .values(let values)):
      gradient = outputs - values.reshaped(outputs.shape)
    default: preconditionFailure("\(self) of these targets")
    }
    return scale == 1 ? gradient : gradient.scaled(by: scale)
  }

  /// (∂²ℓ/∂z²) u, B × C: p ∘ (u − ⟨p, u⟩), or u.
  ///
  /// Positive semi-definite: the Gauss–Newton middle.
  public func curvature(_ outputs: Tensor, times u: Tensor) -> Tensor {
    precondition(u.count == outputs.count, "direction \(u.shape), outputs \(outputs.shape)")
    guard self == .crossEntropy else { return u }
    var result = outputs.softmax()
    let width = outputs.rowLength
    result.withUnsafeMutablePointer { base in
      for row in 0..<outputs.rowCount {
        let p = base + row * width
        let direction = u.storage.base + row * width
        // Shifting u changes nothing; with u_m = 0 no digit is lost when p_m is next to 1.
        var m = 0
        for k in 0..<width where p[k] > p[m] { m = k }
        var mean: Float = 0
        for k in 0..<width { mean += p[k] * (direction[k] - direction[m]) }
        for k in 0..<width { p[k] *= (direction[k] - direction[m]) - mean }
      }
    }
    return result
  }

  /// ℓ of every example, B values, computed in fp64.
  ///
  /// NaN outputs have a NaN loss.
  public func values(_ outputs: Tensor, _ targets: TargetValues) -> [Float] {
    let result = Buffer<Float>(uninitialized: outputs.rowCount)
    switch (self, targets) {
    case (.crossEntropy, .classes):
      LogitRow.forEach(outputs, targets) { row in
        result.base[row.index] = Float(0 - row.logProbability(of: row.trueClass ?? 0))
      }
    case (.squaredError, .values):
      LogitRow.forEach(outputs, targets) { row in
        result.base[row.index] = Float(row.halfSquaredError())
      }
    default: preconditionFailure("\(self) of these targets")
    }
    return Array(UnsafeBufferPointer(start: result.base, count: result.count))
  }

  private func requireCount(_ outputs: Tensor, _ targets: TargetValues) {
    precondition(targets.count == outputs.rowCount, "\(targets.count) targets, \(outputs.shape)")
  }
}
