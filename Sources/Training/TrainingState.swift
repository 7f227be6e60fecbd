import Networks
import Tensors

/// Everything that the next step depends on, besides the configuration and the data.
public struct TrainingState: Sendable {
  /// The flat parameter vector.
  public var parameters: Tensor
  /// The optimizer with its buffers.
  public var optimizer: Optimizer
  /// Finished epochs.
  public var epoch = 0
  /// Finished steps.
  public var step = 0

  /// A state before the first step.
  public init(parameters: Tensor, optimizer: OptimizerConfiguration) {
    self.parameters = parameters
    self.optimizer = Optimizer(optimizer, parameterCount: parameters.count)
  }
}
