/// The ways to find what components do, by name: the table that programs print.
public enum ComponentMethod: String, Sendable, CaseIterable, Codable {
  /// The default.
  case expected
  /// Ridge regression on random masks.
  case coar
  /// Each component taken away alone.
  case loo
  /// Each component kept alone.
  case loi
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
  /// Variances of the activations, times the weights that read them.
  case flap
  /// Fidelities of sets of one: what of the layer behind is left by a component alone.
  case modhifi
  /// Gradients without each layer's branches in turn, the softmax of queries and keys made again.
  case atpstar
  /// Relevance in the place of gradients.
  case relp
  /// What biases give.
  case fullgrad
  /// The order in which whole parts are removed.
  case blockpruner

  /// The estimator.
  public var estimator: any ComponentEstimator {
    switch self {
    case .expected: ExpectedGradients()
    case .coar: MaskRegression()
    case .loo: SingleAblation()
    case .loi: SingleAblation(others: .takenAway)
    case .atp: MaskGradients.attributionPatching
    case .integrated: MaskGradients.integrated
    case .gxa: GradientTimesActivation()
    case .internal: InternalInfluence()
    case .magnitude: WeightMagnitude()
    case .lamp: LayerAdaptiveMagnitude()
    case .flap: Fluctuation()
    case .modhifi: SubsetFidelity()
    case .atpstar: GradientDrop()
    case .relp: RelevancePatching()
    case .fullgrad: FullGradient()
    case .blockpruner: BlockPruner()
    }
  }

  /// What it does, in a line.
  public var title: String {
    switch self {
    case .expected: "slopes under random masks, exact differences, ridge on the rest"
    case .coar: "ridge regression on 2 d random masks (COAR)"
    case .loo: "each component taken away alone"
    case .loi: "each component kept alone"
    case .atp: "gradients with nothing taken away (AtP)"
    case .integrated: "gradients at m = 1, .75, .5, .25"
    case .gxa: "gradient × activation"
    case .internal: "mean gradient by the activations over the queries' class (internal influence)"
    case .magnitude: "norm of the component's own weights"
    case .lamp: "its share of the squared weights of its layer that are not smaller (LAMP)"
    case .flap: "variance of the activations times the squared weights that read them (FLAP)"
    case .modhifi: "what of the layer that reads it is left by it alone (ModHiFi, fidelity)"
    case .atpstar: "AtP over backward passes without one layer each, softmax made again (AtP*)"
    case .relp: "relevance (LRP) in the place of gradients (RelP)"
    case .fullgrad: "what its biases give to f, behind ReLUs (full gradients)"
    case .blockpruner:
      "order in which whole parts are removed, the least missed first (BlockPruner)"
    }
  }

  /// Whether it reads the activations of a reference set, whatever the ablation.
  public var needsReference: Bool { self == .flap || self == .modhifi }
}
