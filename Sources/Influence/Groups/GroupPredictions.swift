// Letters: n training examples, m queries, s examples of a group S, C outputs.
import Datasets
import LinearAlgebra
import Tensors

/// What the kernel regression behind `ntk-loo` predicts of queries, fitted on all training examples and
/// without a group.
///
///     ŷ(x) = h Y + Ȳ,   ŷ₋S(x) = ŷ(x) − h_S R_S,   h = κ(x, Z) M⁻¹,   R_S = [M⁻¹]_SS⁻¹ α_S
///
/// On the scale of the one-hot (or real) targets: of classes near probabilities. λ, the features and the
/// centring Ȳ are those of all examples.
public struct GroupPredictions: Sendable, Equatable {
  /// ŷ, m × C.
  public let whole: Matrix<Float>
  /// ŷ₋S, m × C.
  public let without: Matrix<Float>
}

/// A method that predicts every output of any query with and without a group.
protocol GroupPredictor: CheckpointScorer {
  /// What is predicted of some queries.
  func predictions(of queries: Dataset, without group: [Int]) throws -> GroupPredictions
}

extension Ensemble {
  /// What the kernel regression predicts of queries with and without a group of training examples: the
  /// mean over the checkpoints.
  ///
  /// - Parameters:
  ///   - queries: m examples, training examples among them or not.
  ///   - group: S, different rows of the training set, from one to all but one.
  /// - Throws: `InfluenceError.notDefined` for sequences, which have no such regression.
  /// - Complexity: 2mn(n + C) + 2sn² + s³/3 flops a checkpoint (on features k in place of one n).
  public func groupPredictions(
    of queries: Dataset, without group: [Int]
  ) throws -> GroupPredictions {
    precondition(
      !group.isEmpty && group.count < training.count && Set(group).count == group.count,
      "a group of \(group.count) of \(training.count)")
    var (whole, without) = (
      Matrix<Float>(rows: queries.count, columns: training.outputCount),
      Matrix<Float>(rows: queries.count, columns: training.outputCount)
    )
    try forEachScorer(of: .ntkLeaveOneOut, keeps: true) { scorer, _ in
      guard let scorer = scorer as? any GroupPredictor else { return }
      let found = try scorer.predictions(of: queries, without: group)
      whole.add(found.whole, times: 1 / Float(self.checkpoints.count))
      without.add(found.without, times: 1 / Float(self.checkpoints.count))
    }
    return GroupPredictions(whole: whole, without: without)
  }
}
