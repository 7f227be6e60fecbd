// Letters: C tokens of the vocabulary; p softmax of the logits z, y the next token, m the likeliest.
import Foundation
import Tensors

/// The cross-entropy of one position of a sequence, by the fp32 softmax of its vocabulary.
///
///     ℓ = −log p_y,   ∂ℓ/∂z_k = p_k − [k = y],   ((∂²ℓ/∂z²) u)_k = p_k (u_k − Σ_j p_j u_j)
///
/// The rule of `ClassRow` in single precision: a step has B·T rows of C exponentials, which in fp64
/// would take longer than the model of a small vocabulary.
struct TokenRow {
  /// Tokens C of the vocabulary.
  let count: Int
  let y: Int
  private let z: UnsafePointer<Float>
  /// The softmax; becomes the result.
  private let p: UnsafeMutablePointer<Float>

  /// The softmax of C logits.
  ///
  /// - Parameters:
  ///   - z: C logits.
  ///   - scratch: C values, where the result is written.
  init(
    _ z: UnsafePointer<Float>, count: Int, y: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    precondition(0..<count ~= y, "token \(y) of \(count)")
    (self.z, self.count, self.y, p) = (z, count, y, scratch)
    VectorMath.softmaxRows(z, into: p, rows: 1, columns: count)
  }

  /// `scale` ∂ℓ/∂z into the scratch.
  ///
  /// - Returns: the position's signals, EL2N squared.
  func writeGradient(scale: Float) -> OutputSignals {
    let right = Double(p[y])
    p[y] = 0
    let wrong = VectorMath.sum(p, count: count)
    let loss: Double
    if right > 0.5 {
      loss = -log1p(-Double(wrong))
    } else {
      // p_y may be too small for a number: from the logits and the largest p.
      var m = y == 0 && count > 1 ? 1 : 0
      for k in 0..<count where p[k] > p[m] { m = k }
      loss = Double(z[m]) - Double(z[y]) - log(Double(p[m]))
    }
    let squares = Double(VectorMath.squaredNorm(p, count: count)) + Double(wrong) * Double(wrong)
    p[y] = -wrong
    VectorMath.scale(scale, p, count: count)
    return OutputSignals(
      loss: loss, margin: -loss - log(max(Double(wrong), 1e-38)), probability: right,
      residual: Double(wrong), el2n: squares)
  }

  /// `scale` (∂²ℓ/∂z²) u into the scratch.
  func writeCurvature(times u: UnsafePointer<Float>, scale: Float) {
    var m = 0
    for k in 0..<count where p[k] > p[m] { m = k }
    // Shifting u changes nothing; with u_m = 0 no digit is lost when p_m is next to 1.
    let shift = u[m]
    var mean: Float = 0
    for k in 0..<count { mean += p[k] * (u[k] - shift) }
    for k in 0..<count { p[k] *= ((u[k] - shift) - mean) * scale }
  }
}

/// The signals of a sequence from those of its targets.
struct TokenSum {
  private var total = OutputSignals()
  private var count = 0

  /// Adds a target, EL2N squared.
  mutating func add(_ token: OutputSignals) {
    total.loss += token.loss
    total.margin += token.margin
    total.probability += token.probability
    total.residual += token.residual
    total.el2n += token.el2n
    count += 1
  }

  /// The sequence's.
  var signals: OutputSignals {
    var result = total
    result.probability /= Double(max(1, count))
    result.residual /= Double(max(1, count))
    result.el2n = total.el2n.squareRoot()
    return result
  }
}
