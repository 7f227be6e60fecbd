/// How the rotary angles of a Llama are slowed for sequences longer than those of its first training.
public enum RotaryScaling: Sendable, Hashable {
  /// Not at all.
  case none
  /// All angles divided by a factor: positions are interpolated (Chen et al. 2023, arXiv:2306.15595).
  case linear(factor: Double)
  /// Llama 3.1: angles that turn less than `low` times in the first training's `context` are divided
  /// by the factor, those that turn more than `high` times are kept, between them smoothly.
  case llama3(factor: Double, low: Double, high: Double, context: Int)

  /// The frequency, in radians a position, that takes the place of another.
  ///
  ///     f (1 − s)/factor + f s,   s = (turns − low)/(high − low) within [0, 1],   turns = f context/2π
  ///
  /// - Source: Dubey et al. 2024 (arXiv:2407.21783); Hugging Face's `_compute_llama3_parameters`.
  public func scaled(_ frequency: Double) -> Double {
    switch self {
    case .none: return frequency
    case .linear(let factor): return frequency / factor
    case .llama3(let factor, let low, let high, let context):
      let turns = frequency * Double(context) / (2 * .pi)
      if turns < low { return frequency / factor }
      if turns > high { return frequency }
      let share = (turns - low) / (high - low)
      return frequency * (share + (1 - share) / factor)
    }
  }
}
