// Letters: B examples, C outputs z, p softmax of z, t real targets.
import Tensors

/// The training loss of one example, with its derivatives by the outputs.
public enum Loss: String, Sendable, Codable {
  /// ℓ = −log p_y.
  case crossEntropy
  /// ℓ = ½‖z − t‖² (half of PyTorch's sum-reduced `mse_loss`).
  case squaredError
  /// ℓ = −Σ_t log p(token t + 1 | tokens up to t): the sum over a sequence's targets.
  case nextToken

  /// ∂ℓ/∂z times `scale`, B × C: p − e_y, or z − t.
  ///
  /// - Precision: fp32; p_y − 1 is −Σ_{k≠y} p_k, so that what is left of a memorised example keeps
  ///   its digits.
  public func gradient(_ outputs: Tensor, _ targets: TargetValues, scale: Float = 1) -> Tensor {
    if case .tokens = targets { return tokenGradient(outputs, targets, scale: scale) }
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

  /// (∂²ℓ/∂z²) u, as the outputs: p ∘ (u − ⟨p, u⟩), or u.
  ///
  /// Positive semi-definite: the Gauss–Newton middle.
  ///
  /// - Parameter lengths: tokens of each sequence before its padding; nil: no padding.
  public func curvature(_ outputs: Tensor, times u: Tensor, lengths: [Int]? = nil) -> Tensor {
    precondition(u.count == outputs.count, "direction \(u.shape), outputs \(outputs.shape)")
    if self == .squaredError { return u }
    var result = outputs.softmax()
    let width = outputs.rowLength
    let places = self == .nextToken ? outputs.positionsOfExample : 1
    result.withUnsafeMutablePointer { base in
      for row in 0..<outputs.rowCount {
        let p = base + row * width
        // What has no target has no loss.
        if self == .nextToken, row % places + 1 >= lengths?[row / places] ?? places {
          p.update(repeating: 0, count: width)
          continue
        }
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
    case (.nextToken, .tokens):
      return OutputFunction.logProbability.values(outputs, targets).map { 0 - $0 }
    default: preconditionFailure("\(self) of these targets")
    }
    return Array(UnsafeBufferPointer(start: result.base, count: result.count))
  }

  private func tokenGradient(
    _ outputs: Tensor, _ targets: TargetValues, scale: Float
  ) -> Tensor {
    precondition(
      self == .nextToken && targets.count * targets.rowsOfExample == outputs.rowCount,
      "\(self) of \(targets.count) sequences, \(outputs.shape)")
    let gradient = outputs.softmax()
    let (target, width) = (gradient.storage, outputs.rowLength)
    Workers.run(over: outputs.rowCount, grain: max(1, Tensor.elementGrain / width)) { rows in
      for row in rows {
        let p = target.base + row * width
        guard let y = targets.trueClass(row: row) else {
          p.update(repeating: 0, count: width)
          continue
        }
        precondition(y < width, "token \(y) of \(width)")
        p[y] = 0
        p[y] = -VectorMath.sum(p, count: width)
        if scale != 1 { VectorMath.scale(scale, p, count: width) }
      }
    }
    return gradient
  }

  private func requireCount(_ outputs: Tensor, _ targets: TargetValues) {
    precondition(targets.count == outputs.rowCount, "\(targets.count) targets, \(outputs.shape)")
  }
}
