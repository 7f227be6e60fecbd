// Letters: p parameters, Q objectives.
import Factors
import Tensors

extension Trainer {
  /// The places in the flat vector that the optimizer decides: what is trained, without running
  /// statistics, which become what a step's passes make of them.
  public var optimizedRanges: [Range<Int>] {
    if let selection = network.selection { return selection.ranges }
    let written = Set(network.buffers.map(\.offset))
    return ParameterSelection(network.parameters.filter { !written.contains($0.offset) }).ranges
  }

  /// Takes adjoints from after a step to before it, as far as the optimizer goes.
  ///
  /// Left to the caller is what goes through the network: λθ += H λg at the state before the step,
  /// and the adjoint of running statistics, whose places stay as they are.
  ///
  /// - Parameters:
  ///   - adjoint: Q × p, of the state after the step; becomes that of the state before it.
  ///   - state: the state before the step.
  ///   - gradient: `gradient(state, batch)`; nil where the optimizer takes none
  ///     (`Optimizer.adjointNeedsGradient`).
  /// - Returns: λg, Q × p: λg · ∇ℓ_i / B is what the objective changes by with the weight of the
  ///   batch's example i.
  /// - Throws: `ReplayError.otherStep` for a batch that is not the state's next.
  public func pullBack(
    _ adjoint: inout StateAdjoint, through batch: TrainingBatch, from state: TrainingState,
    gradient: Tensor?
  ) throws(ReplayError) -> Matrix<Double> {
    try requireNext(batch, state)
    return state.optimizer.pullBack(
      &adjoint, parameters: state.parameters, gradient: gradient, rate: batch.rate,
      step: batch.step, ranges: optimizedRanges)
  }
}
