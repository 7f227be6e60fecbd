import Randomness
import Tensors

/// Zeroes each activation with probability `rate` in training and scales the rest by 1/(1 − rate);
/// the identity in evaluation.
///
/// The mask is a function of (seed, step, slot, example in the batch, unit): replaying a run draws
/// the same masks.
public struct Dropout: Layer {
  /// Probability of a zero, in [0, 1).
  public let rate: Float
  let slot: Int

  /// y = m ∘ x.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    guard let draws = pass.dropout, rate > 0 else { return x }
    let mask = Tensor(uninitialized: x.shape)
    // A slot's steps never share a stream: 2¹⁶ slots, 2⁴⁸ steps.
    let stream = RandomStream(
      seed: draws.seed, purpose: .dropout, index: draws.step << 16 | UInt64(slot))
    let target = mask.storage
    let keep = 1 / (1 - rate)
    let threshold = rate
    let first = UInt64(draws.firstExample * (x.count / max(1, pass.batch)))
    Workers.run(over: x.count, grain: Tensor.elementGrain) { range in
      let out = target.base + range.lowerBound
      stream.fillUniform(out, count: range.count, from: first + UInt64(range.lowerBound))
      for i in 0..<range.count { out[i] = out[i] < threshold ? 0 : keep }
    }
    pass.keep(mask, at: slot)
    return x * mask
  }

  /// dx = m ∘ dy.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { masked(dy, pass) }

  /// ry = m ∘ rx.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx.map { masked($0, pass) }
  }

  /// rdx = m ∘ rdy.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (masked(dy, pass), rdy.map { masked($0, pass) })
  }

  private func masked(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.state(at: slot, as: Tensor.self).map { $0 * x } ?? x
  }
}
