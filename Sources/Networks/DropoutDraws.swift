/// Where a training pass's dropout masks come from: f(seed, step, slot, example, unit).
public struct DropoutDraws: Sendable {
  /// The run's seed.
  public let seed: UInt64
  /// The optimisation step, from 0.
  public let step: UInt64
  /// Place in the step's batch of the pass's first example.
  public let firstExample: Int

  /// Draws of one step.
  public init(seed: UInt64, step: UInt64, firstExample: Int = 0) {
    (self.seed, self.step, self.firstExample) = (seed, step, firstExample)
  }
}
