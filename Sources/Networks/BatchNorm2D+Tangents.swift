// Letters: R rows of all pixels of the batch, C channels; x̂ = s (x − μ), s = 1/√(σ² + ε);
// M = mean rx, A = mean(x̂ ∘ rx).
import Tensors

/// Tangents along parameters and inputs, by constant statistics and by those of the batch.
///
///     rμ = M,   rσ² = 2 mean((x − μ) rx),   rs = −s² A,   rx̂ = s (rx − M − x̂ A)
///
/// By constants the means, M and A among them, are left out.
extension BatchNorm2D {
  /// ry = γ rx̂ + v_γ x̂ + v_β.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    guard let v = pass.tangent, pass.reaches(slot) else { return nil }
    let saved = pass.saved(at: slot)
    let (x, statistics) = (saved[0], saved[1])
    let (mean, scale) = (statistics.storage.base, statistics.storage.base + channels)
    let motion = ChannelMotion(rx, x, statistics, isConstant: !pass.isTraining)
    pass.saveTangents(rx.map { [$0, motion.tensor] } ?? [], at: slot)
    let gamma = pass.parameters.storage.base + weight.offset
    let direction = v.storage.base
    // ry = a x̂ + b rx + d.
    var lines = ChannelLines(channels: channels)
    for c in 0..<channels {
      let slope = Double(gamma[c]) * Double(scale[c])
      lines.add(
        ofHat: Double(direction[weight.offset + c]) - slope * motion.along[c],
        s: Double(scale[c]), mean: Double(mean[c]), at: c)
      lines.ofMoved[c] = slope
      lines.shift[c] += Double(direction[bias.offset + c]) - slope * motion.drift[c]
    }
    return lines.sum(x: x, moved: rx, dy: nil, rdy: nil)
  }

  /// rdx = rs P(u) + s (P(ru) − rx̂ mean(x̂ u) − x̂ mean(rx̂ u)) with P(u) = u − mean u − x̂ mean(x̂ u),
  /// u = γ dy, ru = γ rdy + v_γ dy; R(dγ) = Σ rdy x̂ + dy rx̂, R(dβ) = Σ rdy.
  ///
  /// By constants P(u) = u, and rdx = s ru.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let saved = pass.saved(at: slot)
    let (x, statistics) = (saved[0], saved[1])
    let tangents = pass.savedTangents(at: slot)
    let motion = ChannelMotion(saved: tangents.dropFirst().first, channels: channels)
    let products = GradientMotion(
      dy, rdy, x, rx: tangents.first, statistics, motion, isConstant: !pass.isTraining)
    pass.gradient?.withUnsafeMutablePointer { base in
      products.ofDy.add(weight: base + weight.offset, bias: base + bias.offset)
    }
    pass.gradientTangent?.withUnsafeMutablePointer { base in
      products.ofRdy?.add(weight: base + weight.offset, bias: base + bias.offset)
      for c in 0..<channels { base[weight.offset + c] += Float(products.ofMovedHat[c]) }
    }
    let dx = inputGradient(dy, x, statistics, products.ofDy, pass)
    var lines = lines(products, motion, statistics, rows: x.rowCount, pass)
    if let pull = statisticsPull(rows: x.rowCount, pass) {
      for c in 0..<channels {
        lines.ofX[c] += pull.ofDeviation[c]
        lines.shift[c] += pull.shift[c] - pull.ofDeviation[c] * Double(statistics.storage.base[c])
      }
    } else if pass.tangent == nil && rdy == nil {
      return (dx, nil)
    }
    return (dx, lines.sum(x: x, moved: tangents.first, dy: dy, rdy: rdy))
  }

  /// rdx as a sum over x, rx, dy and rdy, by channel.
  private func lines(
    _ products: GradientMotion, _ motion: ChannelMotion, _ statistics: Tensor, rows: Int,
    _ pass: Pass
  ) -> ChannelLines {
    var lines = ChannelLines(channels: channels)
    let (mean, scale) = (statistics.storage.base, statistics.storage.base + channels)
    let gamma = pass.parameters.storage.base + weight.offset
    let direction = pass.tangent.map { $0.storage.base + weight.offset }
    let n = Double(max(1, rows))
    for c in 0..<channels {
      let (s, g, w) = (Double(scale[c]), Double(gamma[c]), Double(direction?[c] ?? 0))
      let (a, m) = (motion.along[c], motion.drift[c])
      lines.ofDy[c] = s * w - s * s * a * g
      lines.ofRdy[c] = s * g
      guard pass.isTraining else { continue }
      let (d, e) = (products.ofDy.weight[c], products.ofDy.bias[c])
      let (rd, re) = (products.ofRdy?.weight[c] ?? 0, products.ofRdy?.bias[c] ?? 0)
      let inner = g * d / n
      lines.ofMoved[c] = -s * s * inner
      lines.add(
        ofHat: 2 * s * s * a * inner - s * (g * rd + w * d + g * products.ofMovedHat[c]) / n,
        s: s, mean: Double(mean[c]), at: c)
      lines.shift[c] += s * s * a * g * e / n - s * (g * re + w * e) / n + s * s * m * inner
    }
    return lines
  }
}

/// What adjoints of moved statistics add to the gradient of x, by channel: shift + ofDeviation (x − μ).
struct StatisticsPull {
  let shift: [Double]
  let ofDeviation: [Double]
}
