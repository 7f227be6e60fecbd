// Letters: B examples, C outputs (logits) z, y the true class, p softmax of z, w softmax without y.
import Foundation
import Tensors

/// The measurement f(z; θ) whose change is attributed, with its derivatives by the logits.
///
/// Positive change is good for the example throughout: higher margin, lower loss.
/// Values are computed in fp64: finite for finite logits, also where p_y rounds to 1. A NaN among
/// the logits of an example is in its value. With one class only there is nothing to tell apart:
/// margins are 0, and so are their gradients.
/// Of a sequence that predicts its next tokens, f is the sum over its targets; `hardMargin` and the
/// others are those of each token.
public enum OutputFunction: String, Sendable, CaseIterable, Codable {
  /// f = log(p_y/(1 − p_y)) = z_y − logsumexp_{k≠y} z_k (TRAK).
  case margin
  /// f = z_y − max_{k≠y} z_k (COAR); the first of equal classes has the gradient.
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
    case (.margin, .tokens), (.hardMargin, .tokens), (.logit, .tokens), (.logProbability, .tokens):
      true
    case (.prediction, .values(let values)): values.rowLength == 1
    case (.negativeHalfSquaredError, .values): true
    default: false
    }
  }

  /// f of every example, B values: the sum over its targets.
  public func values(_ logits: Tensor, _ targets: TargetValues) -> [Float] {
    precondition(accepts(targets), "\(self) of these targets")
    let rows = rowValues(logits, targets)
    let places = targets.rowsOfExample
    return (0..<targets.count).map { example in
      Float(rows[example * places..<(example + 1) * places].reduce(0, +))
    }
  }

  /// f of every target of sequences, B × T; 0 where there is none: the last position, padding.
  public func tokenValues(_ logits: Tensor, _ targets: TargetValues) -> Matrix<Float> {
    precondition(accepts(targets), "\(self) of these targets")
    let rows = rowValues(logits, targets)
    return Matrix(rows.map { Float($0) }, rows: targets.count, columns: targets.rowsOfExample)
  }

  private func rowValues(_ logits: Tensor, _ targets: TargetValues) -> [Double] {
    let result = Buffer<Double>(uninitialized: logits.rowCount)
    result.base.update(repeating: 0, count: result.count)
    LogitRow.forEach(logits, targets) { row in result.base[row.index] = value(row) }
    return Array(UnsafeBufferPointer(start: result.base, count: result.count))
  }

  /// ∂f/∂z of every example, as the logits: B × C, or B × T × C with zeros where there is no target.
  public func gradient(_ logits: Tensor, _ targets: TargetValues) -> Tensor {
    precondition(accepts(targets), "\(self) of these targets")
    let result = Tensor(repeating: 0, shape: logits.shape)
    let target = result.storage
    LogitRow.forEach(logits, targets) { row in
      writeGradient(row, into: target.base + row.index * row.count)
    }
    return result
  }

  /// (∂²f/∂z²) u of every example, as the logits.
  public func curvature(_ logits: Tensor, _ targets: TargetValues, times u: Tensor) -> Tensor {
    precondition(accepts(targets), "\(self) of these targets")
    precondition(u.count == logits.count, "direction \(u.shape), logits \(logits.shape)")
    let result = Tensor(repeating: 0, shape: logits.shape)
    let (target, direction) = (result.storage, u.storage)
    LogitRow.forEach(logits, targets) { row in
      let start = row.index * row.count
      writeCurvature(row, direction.base + start, into: target.base + start)
    }
    return result
  }

  func value(_ row: LogitRow) -> Double {
    guard let y = row.trueClass else {
      return self == .prediction ? Double(row.z[0]) : -row.halfSquaredError()
    }
    let own = Double(row.z[y])
    switch self {
    case .margin:
      guard let (m, logSum) = row.softmax(except: y) else { return own - own }
      return (own - Double(row.z[m])) - logSum
    case .hardMargin:
      return own - Double(row.z[row.largest(except: y) ?? y])
    case .logit: return own
    default: return row.logProbability(of: y)
    }
  }

  private func writeGradient(_ row: LogitRow, into g: UnsafeMutablePointer<Float>) {
    guard let y = row.trueClass else {
      for k in 0..<row.count { g[k] = self == .prediction ? 1 : (row.t?[k] ?? 0) - row.z[k] }
      return
    }
    switch self {
    case .logit, .hardMargin:
      g.update(repeating: 0, count: row.count)
      g[y] = 1
      if self == .hardMargin { g[row.largest(except: y) ?? y] -= 1 }
    case .margin:
      let others = row.softmax(except: y)
      for k in 0..<row.count { g[k] = Float(-row.weights[k]) }
      g[y] = others == nil ? 0 : 1
    default:
      _ = row.softmax(except: nil)
      var rest = 0.0
      for k in 0..<row.count where k != y {
        g[k] = Float(-row.weights[k])
        rest += row.weights[k]
      }
      // 1 − p_y, without a subtraction.
      g[y] = Float(rest)
    }
  }

  /// −(diag w − w wᵀ) u, or −u for squared errors, or 0.
  private func writeCurvature(
    _ row: LogitRow, _ u: UnsafePointer<Float>, into r: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .hardMargin, .logit, .prediction: r.update(repeating: 0, count: row.count)
    default:
      guard let y = row.trueClass else {
        for k in 0..<row.count { r[k] = -u[k] }
        return
      }
      let excluded = self == .margin ? y : nil
      let largest = row.softmax(except: excluded)?.largest ?? y
      // Shifting u changes nothing; with u_m = 0 no digit is lost when w_m is next to 1.
      let shift = Double(u[largest])
      var mean = 0.0
      for k in 0..<row.count where k != excluded { mean += row.weights[k] * (Double(u[k]) - shift) }
      for k in 0..<row.count {
        r[k] = k == excluded ? 0 : Float(row.weights[k] * (mean - (Double(u[k]) - shift)))
      }
    }
  }
}
