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
  func run() {
    var state = state
    defer { self.state = state }
    for (x, y) in batches {
      let pass = network.pass(
        state.parameters, batch: x.shape[0], for: .gradient,
        dropout: DropoutDraws(seed: 0, step: UInt64(state.step)))
      let outputs = network.root.forward(x, pass)
      let scale = 1 / Float(x.shape[0])
      _ = network.root.backward(Loss.crossEntropy.gradient(outputs, y, scale: scale), pass)
      if let gradient = pass.gradient {
        state.optimizer.update(
          &state.parameters, gradient: gradient, rate: 0.01, step: state.step)
      }
      if !pass.bufferUpdates.isEmpty {
        let target = state.parameters.writableStorage()
        for (offset, values) in pass.bufferUpdates {
          (target.base + offset).update(from: values.storage.base, count: values.count)
        }
      }
      state.step += 1
    }
  }
}
