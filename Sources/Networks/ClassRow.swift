// Letters: C outputs (logits) z, y the true class, p softmax of z, m the largest class.
import Foundation

/// The cross-entropy of one row of logits, in fp64.
///
///     margin f = z_y − log Σ_{k≠y} e^z_k,   ℓ = log(1 + e^−f),   p_y = 1/(1 + e^−f)
///     p_k = (1 − p_y) e^z_k / Σ_{j≠y} e^z_j   for k ≠ y
///     ∂ℓ/∂z_k = p_k − [k = y]
///     ((∂²ℓ/∂z²) u)_k = p_k (u_k − Σ_j p_j u_j)
///
/// 1 − p_y and p_y each come without cancellation, so that a memorised example keeps its digits.
struct ClassRow {
  /// Number of outputs C.
  let count: Int
  let y: Int
  let margin: Double
  /// p_y.
  var right: Double { 1 / (1 + exp(-margin)) }
  /// 1 − p_y.
  let wrong: Double
  /// Whether z_y is the largest, the first of equal ones.
  let isCorrect: Bool
  /// e^(z_k − largest other) for k ≠ y; becomes the result.
  private let powers: UnsafeMutablePointer<Float>
  /// (1 − p_y)/Σ_{k≠y} of the powers.
  private let share: Double

  /// The softmax of C logits.
  ///
  /// - Parameters:
  ///   - z: C logits.
  ///   - scratch: C values, where the result is written.
  init(
    _ z: UnsafePointer<Float>, count: Int, y: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    precondition(0..<count ~= y, "class \(y) of \(count)")
    var largest = -Float.infinity
    var best = -1
    for k in 0..<count where k != y && (z[k] > largest || z[k].isNaN) {
      largest = z[k]
      best = k
    }
    var sum = 0.0
    for k in 0..<count where k != y {
      let e = exp(Double(z[k] - largest))
      scratch[k] = Float(e)
      sum += e
    }
    (self.count, self.y, powers) = (count, y, scratch)
    margin = Double(z[y]) - Double(largest) - log(sum)
    wrong = 1 / (1 + exp(margin))
    share = wrong / sum
    isCorrect = z[y] > largest || (z[y] == largest && y < best)
  }

  /// p_k of another class than y.
  private func other(_ k: Int) -> Double { Double(powers[k]) * share }

  /// `scale` ∂ℓ/∂z into the scratch.
  func writeGradient(scale: Double) -> OutputSignals {
    var squares = wrong * wrong
    for k in 0..<count where k != y {
      let p = other(k)
      squares += p * p
      powers[k] = Float(p * scale)
    }
    powers[y] = Float(-wrong * scale)
    return OutputSignals(
      loss: margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin, margin: margin,
      probability: right, residual: wrong, isCorrect: isCorrect, el2n: squares.squareRoot())
  }

  /// `scale` (∂²ℓ/∂z²) u into the scratch.
  func writeCurvature(times u: UnsafePointer<Float>, scale: Double) {
    let right = right
    var (m, most) = (y, right)
    for k in 0..<count where k != y && other(k) > most { (m, most) = (k, other(k)) }
    // Shifting u changes nothing; with u_m = 0 no digit is lost when p_m is next to 1.
    let shift = Double(u[m])
    var mean = m == y ? 0 : right * (Double(u[y]) - shift)
    for k in 0..<count where k != y && k != m { mean += other(k) * (Double(u[k]) - shift) }
    for k in 0..<count {
      let p = k == y ? right : other(k)
      powers[k] = Float(p * ((Double(u[k]) - shift) - mean) * scale)
    }
  }
}
