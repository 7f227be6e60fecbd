// Letters: n training examples.
import Networks
import Tensors
import Training

/// What it takes to train models like a run's on subsets of its data.
package struct RetrainingCost: Sendable {
  /// Floating-point operations.
  package let flops: Double
  /// Bytes of all models that train side by side, beside the data.
  package let peakBytes: Int

  /// - Parameter examples: the sizes of all subsets together.
  package init(
    _ network: Network, _ configuration: TrainingConfiguration, examples: Double, of count: Int
  ) throws {
    flops = network.footprint.trainingFlops * examples * Double(configuration.epochs)
    let footprint = try TrainingFootprint(network, configuration, examples: count)
    peakBytes = Int(
      min(1e18, footprint.bytes * Double(min(Workers.count, footprint.modelsAtATime()))))
  }
}
