// Letters: n training examples, m queries.
import Randomness
import Tensors

/// Scores that should know nothing, to see whether an evaluation says so.
public enum NegativeControl: String, Sendable, Codable, CaseIterable {
  /// Independent normal scores.
  case randomScores
  /// The scores with the training examples in random order: their spread without their content.
  case permutedScores
  /// Scores of a network trained on shuffled labels, with those labels.
  case shuffledLabels
  /// Scores at initial weights of another seed, with the true labels.
  case randomizedWeights

  /// Whether chance is the right expectation.
  ///
  /// Not for randomised weights: the kernel of an untrained network is a similarity of the inputs,
  /// and the labels are the true ones, which is a kernel regression that can predict.
  public var expectsChance: Bool { self != .randomizedWeights }

  /// Normal scores, m × n.
  public static func randomScores(
    queries: Int, trainingExamples: Int, seed: UInt64 = 0
  ) -> Matrix<Float> {
    let noise = Matrix<Float>(uninitialized: queries, trainingExamples)
    RandomStream(seed: seed, purpose: .probe).fillGaussian(
      noise.storage.base, count: noise.count, scale: 1, from: 0)
    return noise
  }

  /// Normal scores, of the shape of others.
  public static func randomScores(like scores: Matrix<Float>) -> Matrix<Float> {
    randomScores(queries: scores.rows, trainingExamples: scores.columns)
  }

  /// Scores with their columns in random order, the same for every query.
  public static func permuted(_ scores: Matrix<Float>, seed: UInt64 = 0) -> Matrix<Float> {
    let order = RandomStream(seed: seed, purpose: .probe, index: 1).permutation(of: scores.columns)
    let result = Matrix<Float>(uninitialized: scores.rows, scores.columns)
    for row in 0..<scores.rows {
      for (column, source) in order.enumerated() {
        result.storage.base[row * scores.columns + column] = scores[row, source]
      }
    }
    return result
  }
}

/// What a control's LDS says.
public enum ControlVerdict: String, Sendable, Codable {
  /// Within the range of chance.
  case chance
  /// Above it.
  case aboveChance
  /// Below it.
  case belowChance

  /// Reads an LDS beside `LinearDatamodelingScore.chanceRange`.
  public init(_ lds: Double, chanceRange: Double) {
    self = lds > chanceRange ? .aboveChance : lds < -chanceRange ? .belowChance : .chance
  }
}
