// Letters: d components, Q queries.
import Tensors

/// Gradients by masks that keep the same share of every component: τ = mean over some x of ∂f/∂m at
/// m = x for all.
///
/// At m = 1 alone this is attribution patching (AtP), first order in what is taken away; over
/// several x it is the path integral of integrated gradients.
///
/// - Source: Nanda 2023; Kramár et al. 2024 (AtP); Sundararajan et al. 2017 (integrated).
public struct MaskGradients: ComponentEstimator {
  /// x.
  public let levels: [Float]

  /// The gradient with nothing taken away.
  public static let attributionPatching = MaskGradients(levels: [1])
  /// The mean along the way to everything taken away.
  public static let integrated = MaskGradients(levels: [1, 0.75, 0.5, 0.25])

  /// τ by gradients.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let d = study.count
    let masks = Matrix<Float>(
      levels.flatMap { [Float](repeating: $0, count: d) }, rows: levels.count, columns: d)
    let use = levels.count == 1 ? "atp" : "integrated"
    return ComponentEstimate(
      try ExpectedSlopes(study.bank(use, masks, takesGradients: true)).means)
  }
}
