import Networks
import Tensors

extension TrainingConfiguration {
  /// How many examples of a batch go through a network at a time: `microBatch`, or as many as fit
  /// into `Memory.standardBlockBytes`, so that the bits do not depend on the machine.
  ///
  /// A batch of examples that change one another's outputs goes whole.
  ///
  /// - Returns: `batch`, or fewer.
  /// - Throws: `TrainingError.microBatch` when the network cannot take fewer than the batch.
  public func examplesAtATime(in network: Network) throws(TrainingError) -> Int {
    if let microBatch, microBatch < batch, network.couplesExamples {
      throw .microBatch(microBatch, batch: batch)
    }
    if network.couplesExamples { return batch }
    return min(
      batch,
      microBatch ?? network.examplesAtATime(atMost: batch, bytes: Memory.standardBlockBytes))
  }

  /// The same training with its micro-batches written down where they are smaller than the batch.
  func withMicroBatch(of network: Network) throws(TrainingError) -> TrainingConfiguration {
    let size = try examplesAtATime(in: network)
    var configuration = self
    configuration.microBatch = size < batch ? size : nil
    return configuration
  }
}
