// Letters: p parameters.
import Networks
import Tensors

/// The memory that the training of one model takes, and how many train side by side.
package struct TrainingFootprint: Sendable, Equatable {
  /// Bytes of the parameters, the step's gradient, the next parameters and the optimizer's buffers.
  package let state: Double
  /// Bytes of the examples that go through the network at a time.
  package let block: Double

  /// - Throws: `TrainingError.microBatch`.
  package init(
    _ network: Network, _ configuration: TrainingConfiguration, examples: Int
  ) throws(TrainingError) {
    let vectors = 3 + configuration.optimizer.bufferNames.count
    state = 4 * Double(vectors) * Double(network.parameterCount)
    // Nothing of a network is tried where its parameters alone are too many.
    guard state <= Double(Memory.available) else {
      block = 0
      return
    }
    let size = min(examples, try configuration.examplesAtATime(in: network))
    block = Double(size) * Double(network.footprint.bytes())
  }

  /// Bytes in all.
  package var bytes: Double { state + block }

  /// How many models train at a time: as many as take a half of the memory, one at the least.
  ///
  /// The other half is for the data, what is written and other processes.
  package func modelsAtATime(memory: Int = Memory.available) -> Int {
    max(1, Int(min(1e6, Double(memory) / 2 / max(1, bytes))))
  }
}
