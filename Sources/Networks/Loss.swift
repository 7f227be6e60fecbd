// Letters: B examples, C outputs z, p softmax of z, t real targets.
import Foundation
import Tensors

/// The training loss of one example, with its derivatives by the outputs.
public enum Loss: String, Sendable, Codable {
  /// ℓ = −log p_y.
  case crossEntropy
  /// ℓ = ½‖z − t‖² (half of PyTorch's sum-reduced `mse_loss`).
  case squaredError

  /// ∂ℓ/∂z times `scale`, B × C: p − e_y, or z − t.
  public func gradient(_ outputs: Tensor, _ targets: TargetValues, scale: Float = 1) -> Tensor {
    var gradient: Tensor
    switch (self, targets) {
    case (.crossEntropy, .classes(let classes)):
      gradient = outputs.softmax()
      gradient.withUnsafeMutablePointer { base in
        for (row, y) in classes.enumerated() { base[row * outputs.rowLength + Int(y)] -= 1 }
      }
    case (.squaredError, .values(let values)): gradient = outputs - values
    default: preconditionFailure("\(self) of these targets")
    }
    return scale == 1 ? gradient : gradient.scaled(by: scale)
  }

  /// (∂²ℓ/∂z²) u, B × C: p ∘ (u − ⟨p, u⟩), or u. Positive semi-definite: the Gauss–Newton middle.
  public func curvature(_ outputs: Tensor, times u: Tensor) -> Tensor {
    guard self == .crossEntropy else { return u }
    let p = outputs.softmax()
    var result = Tensor(uninitialized: outputs.shape)
    let width = outputs.rowLength
    result.withUnsafeMutablePointer { target in
      for row in 0..<outputs.rowCount {
        let weights = p.storage.base + row * width
        let direction = u.storage.base + row * width
        var mean: Float = 0
        for k in 0..<width { mean += weights[k] * direction[k] }
        for k in 0..<width { target[row * width + k] = weights[k] * (direction[k] - mean) }
      }
    }
    return result
  }

  /// ℓ of every example, B values.
  public func values(_ outputs: Tensor, _ targets: TargetValues) -> [Float] {
    switch (self, targets) {
    case (.crossEntropy, .classes(let classes)):
      let total = outputs.logSumExp()
      return classes.indices.map {
        max(0, total[$0] - outputs.storage.base[$0 * outputs.rowLength + Int(classes[$0])])
      }
    case (.squaredError, .values(let values)):
      let error = outputs - values
      let width = outputs.rowLength
      return (0..<outputs.rowCount).map { row in
        0.5
          * (0..<width).reduce(Float(0)) {
            $0 + error.storage.base[row * width + $1] * error.storage.base[row * width + $1]
          }
      }
    default: preconditionFailure("\(self) of these targets")
    }
  }
}
