// Letters: B examples, C outputs (logits) z, y the true class, p softmax of z, q softmax without y.
import Foundation
import Tensors

/// The measurement f(z; θ) whose change is attributed, with its derivatives by the logits.
///
/// Positive change is good for the example throughout: higher margin, lower loss.
public enum OutputFunction: String, Sendable, CaseIterable, Codable {
  /// f = log(p_y/(1 − p_y)) = z_y − logsumexp_{k≠y} z_k (TRAK).
  case margin
  /// f = z_y − max_{k≠y} z_k (COAR).
  case hardMargin
  /// f = −ℓ: log p_y, or −½‖z − t‖².
  case loss
  /// f = z_y.
  case logit
  /// f = log p_y.
  case logProbability
  /// f = z of a one-output regression.
  case prediction
  /// f = −½‖z − t‖².
  case negativeHalfSquaredError

  /// Whether the function is defined for these targets.
  public func accepts(_ targets: TargetValues) -> Bool {
    switch (self, targets) {
    case (.loss, _): true
    case (.margin, .classes), (.hardMargin, .classes), (.logit, .classes),
      (.logProbability, .classes):
      true
    case (.prediction, .values(let values)): values.rowLength == 1
    case (.negativeHalfSquaredError, .values): true
    default: false
    }
  }

  /// f of every example. B values.
  public func values(_ logits: Tensor, _ targets: TargetValues) -> [Float] {
    rows(logits, targets).map(\.value).map { Float($0) }
  }

  /// ∂f/∂z of every example, B × C.
  public func gradient(_ logits: Tensor, _ targets: TargetValues) -> Tensor {
    Tensor(rows(logits, targets).flatMap { $0.gradient.map { Float($0) } }, shape: logits.shape)
  }

  /// (∂²f/∂z²) u of every example, B × C.
  public func curvature(_ logits: Tensor, _ targets: TargetValues, times u: Tensor) -> Tensor {
    let width = logits.rowLength
    return Tensor(
      rows(logits, targets).enumerated().flatMap { row, derivatives in
        derivatives.curvature((0..<width).map { Double(u[row, $0]) }).map { Float($0) }
      }, shape: logits.shape)
  }

  private func rows(_ logits: Tensor, _ targets: TargetValues) -> [RowDerivatives] {
    precondition(accepts(targets), "\(self) of these targets")
    precondition(targets.count == logits.rowCount, "\(targets.count) targets, \(logits.shape)")
    let width = logits.rowLength
    return (0..<logits.rowCount).map { row in
      let z = (0..<width).map { Double(logits.storage.base[row * width + $0]) }
      switch targets {
      case .classes(let classes): return classification(z, Int(classes[row]))
      case .values(let values):
        return regression(z, (0..<width).map { Double(values.storage.base[row * width + $0]) })
      }
    }
  }

  private func classification(_ z: [Double], _ y: Int) -> RowDerivatives {
    switch self {
    case .margin:
      let others = LogSumExp(z, excluding: y)
      return RowDerivatives(
        value: z[y] - others.value, gradient: others.weights.enumerated().map { $0 == y ? 1 : -$1 },
        negatedSoftmax: others.weights)
    case .hardMargin:
      let best = z.indices.filter { $0 != y }.max { z[$0] < z[$1] } ?? y
      var gradient = z.map { _ in 0.0 }
      gradient[y] += 1
      gradient[best] -= 1
      return RowDerivatives(value: z[y] - z[best], gradient: gradient)
    case .logit:
      return RowDerivatives(value: z[y], gradient: z.indices.map { $0 == y ? 1 : 0 })
    default:
      let all = LogSumExp(z, excluding: nil)
      return RowDerivatives(
        value: z[y] - all.value,
        gradient: all.weights.enumerated().map { ($0 == y ? 1 : 0) - $1 },
        negatedSoftmax: all.weights)
    }
  }

  private func regression(_ z: [Double], _ t: [Double]) -> RowDerivatives {
    if self == .prediction { return RowDerivatives(value: z[0], gradient: [1]) }
    let error = zip(z, t).map { $0 - $1 }
    return RowDerivatives(
      value: -0.5 * error.reduce(0) { $0 + $1 * $1 }, gradient: error.map { -$0 },
      negatedIdentity: true)
  }
}

/// One example's f, ∂f/∂z, and the rule for ∂²f/∂z².
private struct RowDerivatives {
  let value: Double
  let gradient: [Double]
  /// w with ∂²f/∂z² = −(diag w − w wᵀ).
  var negatedSoftmax: [Double]?
  /// ∂²f/∂z² = −I.
  var negatedIdentity = false

  func curvature(_ u: [Double]) -> [Double] {
    if negatedIdentity { return u.map { -$0 } }
    guard let w = negatedSoftmax else { return u.map { _ in 0 } }
    let mean = zip(w, u).reduce(0) { $0 + $1.0 * $1.1 }
    return zip(w, u).map { -$0 * ($1 - mean) }
  }
}

/// log Σ e^z and the softmax weights under it, in fp64, with at most one index left out.
private struct LogSumExp {
  let value: Double
  let weights: [Double]

  init(_ z: [Double], excluding index: Int?) {
    var largest = -Double.infinity
    for (k, value) in z.enumerated() where k != index { largest = max(largest, value) }
    guard largest > -Double.infinity else {
      // One class only: there is nothing to be wrong about.
      value = largest
      weights = z.map { _ in 0 }
      return
    }
    var exponentials = z.map { exp($0 - largest) }
    if let index { exponentials[index] = 0 }
    let sum = exponentials.reduce(0, +)
    value = largest + log(sum)
    weights = exponentials.map { $0 / sum }
  }
}
