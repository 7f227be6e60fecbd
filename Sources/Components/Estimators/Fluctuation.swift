// Letters: d components, W activations of a position.
import LinearAlgebra
import Networks
import Tensors

/// How much a component's activations fluctuate, times the weights that read them.
///
///     τ_i = Σ over the activations k of i of  Var(x_k) · ‖W_·k‖²
///
/// The variance is over the reference set and its positions, W_·k all weights that read x_k: what is
/// lost in the next layers by the mean in the place of i, squared, one activation by one. Not
/// standardised within layers, so that its unit is the same everywhere.
///
/// - Source: An et al. 2024 (arXiv:2312.11983), FLAP, the weighted input feature variance (WIFV);
///   there of attention heads and hidden neurons.
public struct Fluctuation: ComponentEstimator {
  /// Of one forward pass of the reference set.
  public init() {}

  /// Fluctuations, the same for every query.
  ///
  /// - Throws: `ComponentError.notDefined` for what is whole, and without a reference set.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    try study.requireUnits("flap", reason: "has no weights that read it alone")
    let outputs = study.outputs
    guard let inputs = outputs.referenceInputs else {
      throw ComponentError.notDefined(
        name: "flap", reason: "there are no examples to take activations from", field: "‹method›")
    }
    try study.control.check()
    let (network, theta) = (outputs.network, outputs.parameters)
    let weights = ComponentWeights(study.components, of: network)
    for (component, own) in zip(study.components.components, weights.readers) where own.isEmpty {
      throw ComponentError.notDefined(
        name: "flap of \(component.name)", reason: "no linear layer reads it", field: "‹kinds›")
    }
    let moments = ActivationMoments(study.components.groups, network, theta, inputs)
    let scores = study.components.components.enumerated().map { place, component in
      let readers = weights.readers[place]
      let variances = moments.variances[component.point] ?? []
      return readers.enumerated().reduce(0.0) { sum, reader in
        let k = component.unit * readers.count + reader.offset
        return sum + variances[k] * reader.element.squaredNorm(theta)
      }
    }
    return .shared(
      scores, queries: outputs.count,
      notes: [
        "squared changes of what reads them, not of f; activations of \(inputs.shape[0]) examples of the "
          + "reference set"
      ])
  }
}
