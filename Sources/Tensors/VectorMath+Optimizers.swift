import CKernels

/// One step of an optimizer over `count` parameters p with gradients g, as PyTorch defines it.
///
/// Buffers start at zero. Each parameter's step depends on its own values alone: the arrays may be
/// cut into slices anywhere.
extension VectorMath {
  /// How Adam uses weight decay.
  public enum WeightDecay: Sendable, Equatable {
    /// d = g + w p, before the moments: `torch.optim.Adam`.
    case addedToGradient(Float)
    /// p ← (1 − rate w) p, apart from the moments: `torch.optim.AdamW`.
    case decoupled(Float)
  }

  /// Gradient descent: d = g + w p, p ← p − rate d.
  public static func sgdStep(
    _ p: UnsafeMutablePointer<Float>, gradient g: UnsafePointer<Float>, count: Int,
    rate: Float, weightDecay: Float
  ) { ascribe_sgd_step(p, g, Int64(count), rate, weightDecay) }

  /// Gradient descent with momentum: d = g + w p, v ← μ v + d, p ← p − rate v.
  public static func sgdStep(
    _ p: UnsafeMutablePointer<Float>, gradient g: UnsafePointer<Float>,
    velocity v: UnsafeMutablePointer<Float>, count: Int,
    rate: Float, momentum: Float, weightDecay: Float
  ) { ascribe_momentum_step(p, g, v, Int64(count), rate, momentum, weightDecay) }

  /// Gradient descent with Nesterov's momentum: d = g + w p, v ← μ v + d, p ← p − rate (d + μ v).
  public static func nesterovStep(
    _ p: UnsafeMutablePointer<Float>, gradient g: UnsafePointer<Float>,
    velocity v: UnsafeMutablePointer<Float>, count: Int,
    rate: Float, momentum: Float, weightDecay: Float
  ) { ascribe_nesterov_step(p, g, v, Int64(count), rate, momentum, weightDecay) }

  /// Adam with bias correction; AdamW when the decay is decoupled.
  ///
  ///     m ← m + (1 − β₁)(d − m),  v ← β₂ v + (1 − β₂) d²
  ///     p ← p − rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
  ///
  /// - Parameter step: t, 1 at the first step.
  public static func adamStep(
    _ p: UnsafeMutablePointer<Float>, gradient g: UnsafePointer<Float>,
    firstMoment m: UnsafeMutablePointer<Float>, secondMoment v: UnsafeMutablePointer<Float>,
    count: Int, step: Int, rate: Double, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: WeightDecay = .addedToGradient(0)
  ) {
    precondition(step >= 1, "step \(step) of Adam")
    var added: Float = 0
    var shrink: Float = 1
    switch weightDecay {
    case .addedToGradient(let decay): added = decay
    case .decoupled(let decay): shrink = Float(1 - rate * Double(decay))
    }
    var constants = ascribe_adam_constants(
      fresh1: Float(1 - beta1), beta2: Float(beta2), fresh2: Float(1 - beta2),
      epsilon: Float(epsilon), decay: added, shrink: shrink,
      step: Float(rate / (1 - power(beta1, step))),
      correction: Float(1 / (1 - power(beta2, step)).squareRoot()))
    ascribe_adam_step(p, g, m, v, Int64(count), &constants)
  }

  /// xⁿ for n >= 1 by squaring: libm's last bits differ between systems, these do not.
  package static func power(_ x: Double, _ n: Int) -> Double {
    var result = 1.0
    var square = x
    var rest = n
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
