import Networks
import Tensors
import Training

/// Forward, backward and optimizer alone: no shuffle, no signals, batches cut beforehand.
final class BareTraining {
  private let network: Network
  private let batches: [(Tensor, TargetValues)]
  private var state: TrainingState

  /// SGD with momentum from the network's first parameters.
  init(_ network: Network, batches: [(Tensor, TargetValues)]) {
    self.network = network
    self.batches = batches
    state = TrainingState(
      parameters: network.initialParameters(seed: 0), optimizer: .sgd(momentum: 0.9))
  }

  /// A step a batch; batch norm trains on the batch's statistics and keeps its running ones.
  func run() throws {
    var state = state
    defer { self.state = state }
    for (x, y) in batches {
      let step = try network.lossGradient(
        x, y, parameters: state.parameters, loss: .crossEntropy,
        dropout: DropoutDraws(seed: 0, step: UInt64(state.step)), scale: 1 / Double(x.shape[0]))
      state.optimizer.update(
        &state.parameters, gradient: step.parameters, rate: 0.01, step: state.step)
      if !step.updates.isEmpty {
        let target = state.parameters.writableStorage()
        for (offset, values) in step.updates {
          (target.base + offset).update(from: values.storage.base, count: values.count)
        }
      }
      state.step += 1
    }
  }
}
