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

  /// How many examples of a micro-batch are one worker's part, when the workers take parts of it
  /// side by side, each with a gradient of its own: decided by network and batch alone.
  ///
  /// Workers that go their own ways through a network of many small products need not wait for each
  /// other at each of them, and find what the layer before left in their caches. Adding the
  /// gradients up is what it costs: not more than about a tenth, with 256 products or more for each
  /// parameter of a part. At most 8 parts, whose gradients take 64 MiB at most.
  ///
  /// - Parameter size: examples of a micro-batch.
  /// - Returns: `size` where the workers share each product instead.
  public static func partSize(of size: Int, in network: Network) -> Int {
    if network.couplesExamples { return size }
    let p = max(1, network.parameterCount)
    let worthwhile = network.footprint.products * Double(size) / Double(p) / 256
    let parts = min(size, (64 << 20) / 4 / p, Int(min(8, worthwhile)))
    return parts > 1 ? (size + parts - 1) / parts : size
  }

  /// The same training with its micro-batches written down where they are smaller than the batch.
  package func withMicroBatch(of network: Network) throws(TrainingError) -> TrainingConfiguration {
    let size = try examplesAtATime(in: network)
    var configuration = self
    configuration.microBatch = size < batch ? size : nil
    return configuration
  }
}
