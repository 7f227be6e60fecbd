// Letters: d components, Q queries.
import LinearAlgebra
import Networks
import Tensors

/// The full-gradient decomposition: what each unit's bias gives to f.
///
///     f(x) = x·∇_x f + Σ over all biases b of b ∂f/∂b        of networks with ReLUs and linear layers
///     τ_i = b_i Σ over i's pixels of ∂f/∂b_i
///
/// b is all that is constant before the unit's ReLU, batch norms included. The rest of f, x·∇_x f
/// and the output layer's bias, is nobody's. Exact where f is linear in the outputs, piece by piece:
/// `logit`, `hardMargin`, `prediction`; of others the decomposition is of f's slope there.
///
/// - Source: Srinivas & Fleuret 2019 (arXiv:1905.00780).
public struct FullGradient: ComponentEstimator {
  /// By one backward pass.
  public init() {}

  /// τ by one backward pass.
  ///
  /// - Throws: `ComponentError.notDefined` for what is no neuron or filter behind a ReLU.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let biases = UnitBiases(study.outputs.network, study.outputs.parameters).values
    let components = study.components.components
    for component in components where biases[component.point] == nil {
      throw ComponentError.notDefined(
        name: "fullgrad of \(component.name)",
        reason: "it is no neuron or filter behind a linear layer and a ReLU", field: "‹kinds›")
    }
    let slopes = try study.unmaskedSums("fullgrad") { x, dx in x > 0 ? Double(dx) : 0 }
    let scores = Matrix<Float>(uninitialized: slopes.rows, slopes.columns)
    for (place, component) in components.enumerated() {
      let bias = biases[component.point]?[component.unit] ?? 0
      for query in 0..<slopes.rows {
        scores.storage.base[query * slopes.columns + place] = Float(
          bias * Double(slopes[query, place]))
      }
    }
    return ComponentEstimate(scores, notes: ["parts of f that biases give, not changes of f"])
  }
}
