/// The ways to find what components do, by name: the table that programs print.
public enum ComponentMethod: String, Sendable, CaseIterable, Codable {
  /// The default.
  case expected
  /// Ridge regression on random masks.
  case coar
  /// Each component alone.
  case loo
  /// Gradients with nothing taken away.
  case atp
  /// Gradients along the way to everything taken away.
  case integrated
  /// Gradient × activation.
  case gxa
  /// Mean gradients by the activations.
  case `internal`
  /// Norms of the components' own weights.
  case magnitude
  /// Shares of the squared weights in their layer.
  case lamp

  /// The estimator.
  public var estimator: any ComponentEstimator {
    switch self {
    case .expected: ExpectedGradients()
    case .coar: MaskRegression()
    case .loo: SingleAblation()
    case .atp: MaskGradients.attributionPatching
    case .integrated: MaskGradients.integrated
    case .gxa: GradientTimesActivation()
    case .internal: InternalInfluence()
    case .magnitude: WeightMagnitude()
    case .lamp: LayerAdaptiveMagnitude()
    }
  }

  /// What it does, in a line.
  public var title: String {
    switch self {
    case .expected: "slopes under random masks, exact differences, ridge on the rest"
    case .coar: "ridge regression on 2 d random masks (COAR)"
    case .loo: "each component taken away alone"
    case .atp: "gradients with nothing taken away (AtP)"
    case .integrated: "gradients at m = 1, .75, .5, .25"
    case .gxa: "gradient × activation"
    case .internal: "mean gradient by the activations over the queries' class (internal influence)"
    case .magnitude: "norm of the component's own weights"
    case .lamp: "its share of the squared weights of its layer that are not smaller (LAMP)"
    }
  }
}
