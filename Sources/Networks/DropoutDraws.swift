/// Where a training pass's dropout masks come from: f(seed, step, slot, example, unit).
package struct DropoutDraws: Sendable {
  /// The run's seed.
  package let seed: UInt64
  /// The optimisation step, from 0.
  package let step: UInt64
  /// Place in the step's batch of the pass's first example.
  package let firstExample: Int

  /// Draws of one step.
  package init(seed: UInt64, step: UInt64, firstExample: Int = 0) {
    (self.seed, self.step, self.firstExample) = (seed, step, firstExample)
  }
}
