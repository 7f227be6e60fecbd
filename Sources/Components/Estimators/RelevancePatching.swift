// Letters: d components, Q queries.
import LinearAlgebra
import Networks
import Tensors

/// Attribution patching with relevance coefficients in the place of gradients.
///
///     τ_i = Σ over the activations x of i, at all positions, of (x − value) r(x)
///
/// r is what `BackwardRule.relevance` makes of ∂f/∂z: activations by f(x)/x, norms and attention
/// weights as constants, halves of a gated product. With ReLUs alone it is `atp`.
///
/// - Source: Jafari et al. 2025, RelP; rules as in `BackwardRule`.
public struct RelevancePatching: ComponentEstimator {
  /// By one backward pass.
  public init() {}

  /// τ by one backward pass.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let scores = Matrix<Float>(repeating: 0, rows: study.outputs.count, columns: study.count)
    let room = scores.storage
    try study.forEachUnmaskedBlock("relp", for: .maskGradients, passes: 3) { block, pass in
      pass.backwardRule = .relevance
      study.outputs.network.backward(block.slopes, pass)
      study.outputs.forEachMaskGradient(in: pass) { row, place, gradient in
        room.base[(block.queries.lowerBound + row) * study.count + place] = gradient
      }
    }
    return ComponentEstimate(scores)
  }
}
