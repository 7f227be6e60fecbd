// Letters: n training examples, u, w weights.
import Foundation
import Tensors
import Training

/// A way to weigh training examples instead of keeping some of them.
///
///     w_i = 1 − s + s · u_i / mean u
///
/// s is the strength: 0 leaves every example alike, 1 takes the method's own weights. Their mean is 1, so
/// that the training's rate means what it did.
public enum WeightingMethod: String, Sendable, Codable, CaseIterable {
  /// u = the mean of ‖∇ℓ‖ over the epochs: what moves the weights most counts most, as importance
  /// sampling by the norm of the gradient draws it most often.
  ///
  /// Source: Katharopoulos & Fleuret 2018 (arXiv:1803.00942); Lu et al. 2023 (PA&DA, arXiv:2302.14772).
  case gradientNorm = "gradient-norm"
  /// u = exp(ℓ/T), ℓ the mean loss of the last epoch: the worst mixture whose divergence from all alike
  /// is half a nat, which decides T.
  ///
  /// Source: Hu & Hong 2013; Qi et al. 2021 (arXiv:2012.06951).
  case klDRO = "kl-dro"
  /// u = exp(−τ(z, z)/T), T likewise: what only itself explains counts least.
  ///
  /// Source: Thakkar et al. 2023 (PRESENCE, arXiv:2311.00913), its late phase.
  case selfInfluence = "self-influence"
  /// u = (1 + m)/2 within 0 and 1, m the margin by which the regression without the example predicts its
  /// label: what the others say is wrong counts nothing.
  ///
  /// Source: METHODS.md section 4 for the margin.
  case plausibility
  /// u = max(0, mean over trusted examples x of τ(x, z)): what helps those that somebody looked at.
  ///
  /// Source: Ren et al. 2018 (arXiv:1803.09050), whose one step is propagated by the kernel of the run's
  /// own method.
  case trusted
}

extension WeightingMethod {
  /// The weights of a run's training examples, n values of mean 1.
  ///
  /// - Parameters:
  ///   - strength: s, above 0 and at most 1.
  ///   - trusted: rows that `trusted` asks about; none for the others.
  /// - Throws: `CurationError.notDefined` where no example would count; errors of what it reads.
  public func weights(
    _ context: PruneContext, strength: Double = 1, trusted: [Int] = []
  ) throws -> [Float] {
    let values = try raw(context, trusted: trusted)
    let sum = values.reduce(0.0) { $0 + Double($1) }
    guard sum.isFinite, sum > 0 else {
      throw CurationError.request(
        problem: "no training example would count by \(rawValue)", field: "‹method›",
        remedy: self == .trusted ? "trust other examples, or more" : "choose another ‹method›")
    }
    let scale = strength * Double(values.count) / sum
    return values.map { Float(1 - strength + scale * Double($0)) }
  }

  private func raw(_ context: PruneContext, trusted: [Int]) throws -> [Float] {
    switch self {
    case .gradientNorm: return try context.mean(.gradientNorm) { 0..<$0 }
    case .klDRO:
      return WeightingMethod.exponentials(try context.mean(.loss) { $0 - 1..<$0 }, sign: 1)
    case .selfInfluence:
      return WeightingMethod.exponentials(try context.sources.selfInfluence(), sign: -1)
    case .plausibility:
      return try context.sources.suspicion().map { min(1, max(0, (1 - $0) / 2)) }
    case .trusted:
      let help = try context.sources.help(for: trusted).map { max(0, $0) }
      let mean = help.reduce(0, +) / Float(max(1, help.count))
      let isTrusted = Set(trusted)
      // Those that somebody looked at count as much as the mean at the least.
      return help.indices.map { isTrusted.contains($0) ? max(mean, help[$0]) : help[$0] }
    }
  }

  /// KL(w/n ‖ 1/n) of exponential weights, in nats.
  static let divergence = 0.5

  /// exp(±v/T) over the largest, with T by their divergence from all alike: 1 each where all values are
  /// alike; where even the largest alone is nearer, 60 doublings of 1/T.
  static func exponentials(_ values: [Float], sign: Double) -> [Float] {
    let v = values.map { sign * Double($0) }
    guard let most = v.max(), let least = v.min(), most > least else {
      return values.map { _ in 1 }
    }
    func weights(_ steepness: Double) -> [Double] {
      v.map { exp(steepness * ($0 - most)) }
    }
    func divergence(_ steepness: Double) -> Double {
      let w = weights(steepness)
      let sum = w.reduce(0, +)
      // Σ p log(n p), p = w/Σw.
      return w.reduce(log(Double(w.count) / sum)) { $1 > 0 ? $0 + $1 / sum * log($1) : $0 }
    }
    var (low, high) = (0.0, 1 / (most - least))
    for _ in 0..<60 where divergence(high) < WeightingMethod.divergence {
      (low, high) = (high, 2 * high)
    }
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if divergence(middle) < WeightingMethod.divergence { low = middle } else { high = middle }
    }
    return weights(low).map { Float($0) }
  }
}
