// Letters: C checkpoints.
import Tensors

extension Method {
  /// How scores at several checkpoints are put together.
  public enum Pooling: String, Sendable, Codable {
    /// mean_c τ_c.
    case mean
    /// Σ_c η_c τ_c over the checkpoints of a seed, η_c the learning rate there; the mean over seeds.
    case rates
    /// Σ_c τ_c over those of a seed; the mean over seeds.
    case sum
  }

  /// How the visits of a training's steps are weighed.
  public enum VisitWeight: String, Sendable, Codable {
    /// By the learning rate of their step.
    case rate
    /// Evenly: the mean over the visits of an example.
    case mean
  }
}

/// Σ_c `factors[c]` τ_c · `scale`.
struct CheckpointFactors {
  /// C values.
  let factors: [Float]
  /// Of the sum.
  let scale: Float

  /// The factors of a method's checkpoints.
  ///
  /// - Throws: `InfluenceError.noRate` for a checkpoint whose learning rate is not known where the
  ///   method needs it.
  init(
    _ method: Method, _ checkpoints: [any ScoredCheckpoint]
  ) throws(InfluenceError) {
    let seeds = Double(max(1, Set(checkpoints.map { $0.place?.seed }).count))
    switch method.pooling {
    case .mean:
      factors = checkpoints.map { _ in 1 }
      scale = 1 / Float(max(1, checkpoints.count))
    case .sum:
      factors = checkpoints.map { _ in Float(1 / seeds) }
      scale = 1
    case .rates:
      var rates: [Float] = []
      for checkpoint in checkpoints {
        guard let rate = checkpoint.place?.rate else {
          throw .noRate(method: method.name, checkpoint: checkpoint.name)
        }
        rates.append(Float(rate / seeds))
      }
      (factors, scale) = (rates, 1)
    }
  }
}
