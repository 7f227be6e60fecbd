// Letters: d components, Q queries.
import Tensors

/// Gradient × activation with nothing taken away, whatever the ablation puts in its place.
///
///     τ_i = Σ over the activations x of i, at all positions, of x ∂f/∂x
///
/// First order in taking i to 0: `atp` where the ablation is zero.
///
/// - Source: Shrikumar et al. 2016 (arXiv:1605.01713), gradient × input, here of activations.
public struct GradientTimesActivation: ComponentEstimator {
  /// By one backward pass.
  public init() {}

  /// τ by one backward pass.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    ComponentEstimate(try study.unmaskedSums("gxa") { Double($0) * Double($1) })
  }
}
