// Letters: n training examples, m examples that are asked about.
import Datasets
import LinearAlgebra
import Networks
import Randomness
import Tensors
import Training

/// How far a training's first order holds: whether taking a trace of some examples' weight away does in
/// small what taking them away does.
///
///     a = (f(x; w_S = 1 − h) − f(x; w = 1)) / h,   b = f(x; w_S = 0) − f(x; w = 1),   h = 1/64
///
/// for some random S of a share of the training set, in the run itself (seed, order, draws). Its value
/// is the correlation of a and b over all x and S: 1 where outputs are linear in the weights; low where
/// kinks, or Adam's steps of one size whatever the gradient, make a tiny change another than a large one.
///
/// - Source: after the empirical metasmoothness of Engstrom et al. 2025 (arXiv:2503.13751), along
///   removals.
public struct TrainingSmoothness: Sendable, Codable, Equatable {
  /// Correlation of the small and the whole change, −1 to 1.
  public let correlation: Double
  /// The share of the training set in each S.
  public let removed: Double
  /// How many S.
  public let subsets: Int

  /// Seeds of the draws: no subset of a bank repeats one.
  private static let drawSeed: UInt64 = 0x5A00

  /// h: large beside what rounding leaves of f, small beside the whole weight.
  package static let trace: Float = 1 / 64

  /// Trains twice for each of some subsets.
  ///
  /// - Parameters:
  ///   - replay: the run.
  ///   - data: the run's training examples.
  ///   - removed: the share, at least one example.
  ///   - outputs: f of the examples that are asked about at some parameters, m values; m ≥ 1.
  /// - Throws: `TrainingError.diverged`, `.cancelled`.
  /// - Complexity: 2 · subsets trainings.
  public init(
    of replay: Replay, data: Dataset, removed: Double = 0.01, subsets: Int = 2,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    outputs: (Tensor) -> [Float]
  ) throws {
    let whole = outputs(try replay.state(at: replay.steps).parameters)
    let size = max(1, Int((removed * Double(data.count)).rounded()))
    var (small, large): ([Double], [Double]) = ([], [])
    for subset in 0..<subsets {
      let rows = RandomStream(
        seed: TrainingSmoothness.drawSeed, purpose: .subset, index: UInt64(subset)
      ).sample(size, of: data.count)
      let values = try [1 - TrainingSmoothness.trace, 0].map { weight in
        var weights = [Float](repeating: 1, count: data.count)
        for row in rows { weights[row] = weight }
        let trainer = try Trainer(
          network: replay.trainer.network, configuration: replay.trainer.configuration,
          data: data, seed: replay.seed, weights: weights)
        return outputs(
          try trainer.train(hooks: TrainingHooks(isCancelled: isCancelled)).parameters)
      }
      small += zip(values[0], whole).map { Double($0) - Double($1) }
      large += zip(values[1], whole).map { Double($0) - Double($1) }
    }
    (self.removed, self.subsets) = (Double(size) / Double(data.count), subsets)
    correlation = LinearAlgebra.correlation(small, large)
  }

  /// In a line for the user.
  public var text: String {
    let (value, share) = ((correlation * 100).rounded() / 100, (removed * 1_000).rounded() / 10)
    return
      "smoothness \(value) (correlation of what a trace and the whole of the weight of "
      + "\(share) % of the examples do): "
      + (correlation > 0.9
        ? "scores add up for removals of that size"
        : correlation > 0.3
          ? "kinks; sums of scores rank such removals better than they measure them"
          : "every removal makes another run; sums of scores may rank nothing")
  }
}
