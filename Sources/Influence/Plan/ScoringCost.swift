// Letters: n training examples, m queries, C checkpoints.
import Gradients
import Tensors

/// What a method takes over checkpoints, prepared and asked as `Ensemble` does it.
public struct ScoringCost: Sendable, Equatable {
  /// The method.
  public let method: Method
  /// C.
  public let checkpoints: Int
  /// Flops of all checkpoints.
  public let flops: Double
  /// Largest memory at a time, with the checkpoints that are kept beside the one that is made; beside
  /// data and parameters.
  public let peakBytes: Int

  /// Counts a scoring.
  ///
  /// - Parameters:
  ///   - keeps: whether checkpoints are kept for the next question, up to `budget` bytes.
  ///   - queriesAtATime: queries for which all checkpoints are gone through at a time; what was not
  ///     kept is made again for the next ones.
  public init(
    _ method: Method, _ shape: WorkShape, checkpoints: Int, keeps: Bool = true,
    budget: Int = Ensemble.standardBudget, queriesAtATime: Int? = nil
  ) {
    let cost = method.cost(shape)
    let all = planned(bytes: Double(checkpoints) * Double(cost.keptBytes))
    let blocks = Double(
      queriesAtATime.map { max(1, (shape.queries + $0 - 1) / max(1, $0)) } ?? 1)
    let kept = keeps || blocks > 1 ? min(1, Double(budget) / Double(max(1, all))) : 0
    (self.method, self.checkpoints) = (method, checkpoints)
    flops = Double(checkpoints) * cost.flops * (1 + (1 - kept) * (blocks - 1))
    // The one that is made is no more than a peak; the others are kept before it.
    let before = max(0, all - cost.keptBytes / max(1, method.parts.count))
    peakBytes =
      cost.peakBytes + (kept > 0 ? min(before, budget) : 0)
      + (checkpoints > 1
        ? planned(bytes: 4 * Double(shape.queries) * Double(shape.examples)) : 0)
  }

  /// A scoring of gradients from elsewhere, whose cost nothing is known of.
  init(uncounted method: Method) {
    (self.method, checkpoints, flops, peakBytes) = (method, 1, 0, 0)
  }

  /// Time at a rate of matrix products, flop/s.
  ///
  /// - Precision: the products of blocks reach about `share` of the rate of large ones: expect a
  ///   factor of two.
  public func seconds(rate: Double) -> Double { flops / (rate * ScoringCost.share) }

  /// The share of SGEMM's rate that gradients, kernels and factors reach.
  public static let share = 0.4
}
