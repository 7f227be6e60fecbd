// Letters: n training examples, m queries, p parameters.
import Networks

/// Influence functions by the curvature of the whole training loss: `if-cg`, `if-exact`, `if-lissa`
/// and `if-arnoldi`.
///
///     τ[x,i] = ∇f(x)ᵀ (C + λ)⁻¹ (−∇ℓ(z_i)) / n
///
/// C is the Gauss–Newton matrix, which is never negative, or the Hessian (`hessian`). λ is a tenth of
/// the mean eigenvalue tr(C)/p unless it is asked for; for a minimum of a loss with weight decay w
/// the exact influence has λ = w. Means, not sums of batches' inverses, which depend on the batch
/// size: unlike `dattri`.
///
/// - Source: Koh & Liang 2017 (arXiv:1703.04730); Martens 2010; Agarwal et al. 2017; Schioppa et al.
///   2022.
extension Method {
  /// By conjugate gradients.
  public static let influenceByCG = curved(
    "if-cg", title: "influence function by preconditioned conjugate gradients",
    source: "Koh & Liang 2017; Martens 2010",
    cost: { shape in
      let rank = Double(NystromSketch.rank(width: Int(shape.width)))
      return shape.fisher(.diagonal).followed(
        by: shape.curvatureProducts(once: rank, perQuery: 60))
    }
  ) { context, curvature in
    let damping = context.damping(meanEigenvalue: try meanEigenvalue(context))
    // Of the Gauss–Newton matrix whatever is solved with: it is never negative.
    let sketch = try NystromSketch(
      TrainingCurvature(
        of: context.training, source: context.checkpoint.source, curvature: .gaussNewton),
      damping: damping.damping)
    return ConjugateGradients(curvature, damping: damping, preconditioner: sketch)
  }

  /// With the curvature as a matrix.
  public static let influenceExact = curved(
    "if-exact", title: "influence function with the curvature as a matrix",
    source: "Koh & Liang 2017", limits: Limits(parameters: DenseCurvature.mostParameters),
    cost: { $0.curvatureProducts(once: $0.width) }
  ) { context, curvature in
    try DenseCurvature(
      curvature, rule: context.options.damping, checkpoint: context.checkpoint.name)
  }

  /// By a series over batches.
  public static let influenceByLiSSA = curved(
    "if-lissa", title: "influence function by a Neumann series over batches",
    source: "Agarwal et al. 2017", cost: { $0.curvatureProducts(once: 20, perQuery: 11) }
  ) { context, curvature in
    let mean = try meanEigenvalue(context)
    return try LiSSA(curvature, damping: context.damping(meanEigenvalue: mean))
  }

  /// In the space of the largest eigenvalues.
  public static let influenceByArnoldi = curved(
    "if-arnoldi", title: "influence function in the space of the curvature's largest eigenvalues",
    source: "Schioppa et al. 2022", cost: { $0.curvatureProducts(once: 200) }
  ) { context, curvature in
    let mean = try meanEigenvalue(context)
    return try ArnoldiSpace(curvature, damping: context.damping(meanEigenvalue: mean))
  }

  /// tr(G)/p, by the true Fisher matrix's diagonal: G's own in the mean over drawn labels.
  private static func meanEigenvalue(_ context: ScoringContext) throws -> Double {
    try EigenFisher(
      of: context.training, source: context.checkpoint.source, form: .diagonal,
      curvature: .trueFisher, rule: context.options.damping, isGlobal: true,
      checkpoint: context.checkpoint.name
    ).damping.meanEigenvalue
  }

  private static func curved(
    _ name: String, title: String, source: String, limits: Limits = Limits(),
    cost: @escaping @Sendable (WorkShape) -> MethodCost,
    make: @escaping @Sendable (ScoringContext, TrainingCurvature) throws -> any InverseCurvature
  ) -> Method {
    Method(
      name: name, title: title, source: source, gradients: .loss, unit: .change,
      needs: [.damping, .layers, .network], curvatures: [.gaussNewton, .hessian], limits: limits,
      cost: { cost($0).followed(by: $0.influence()) },
      prepare: { context in
        try CurvatureScorer(context) { source, training in
          try make(
            context,
            TrainingCurvature(
              of: training, source: source, curvature: context.options.curvature ?? .gaussNewton))
        }
      })
  }
}

extension ScoringContext {
  /// λ as it was chosen, in units of a curvature's eigenvalues.
  func damping(meanEigenvalue: Double) -> DampingReport {
    options.damping.report(meanEigenvalue: meanEigenvalue, spectrum: nil, choices: nil)
  }
}
