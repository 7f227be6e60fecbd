// Letters: n training examples, m queries, p parameters.

/// Influence functions by the Fisher matrix, block by block: `ekfac`, `kfac` and `diagonal`.
///
///     τ[x,i] = Σ_blocks ∇f(x)ᵀ U ((Uᵀ (−∇ℓ(z_i))) / (Λ + λ)) / n
///
/// λ is a tenth of a block's mean eigenvalue unless it is asked for. The Fisher matrix is the true
/// one, at labels drawn from the network (seeded), or at the labels of the data
/// (`empiricalFisher`).
///
/// - Source: Grosse et al. 2023 (arXiv:2308.03296); the mathematics and its complexity are at
///   `EigenFisher`.
extension Method {
  /// A Fisher matrix in the eigenbasis of its Kronecker factors.
  public static let ekfac = fisher(
    .ekfac, title: "influence function by the Fisher matrix in its Kronecker eigenbasis",
    source: "Grosse et al. 2023")

  /// A Fisher matrix as Kronecker products.
  public static let kfac = fisher(
    .kfac, title: "influence function by the Fisher matrix as Kronecker products",
    source: "Martens & Grosse 2015")

  /// The diagonal of the Fisher matrix.
  public static let diagonal = fisher(
    .diagonal, title: "influence function by the diagonal of the Fisher matrix",
    source: "Martens & Grosse 2015")

  private static func fisher(
    _ form: EigenFisher.Form, title: String, source: String
  ) -> Method {
    Method(
      name: form.rawValue, title: title, source: source, gradients: .loss, unit: .change,
      needs: [.damping, .layers], curvatures: [.trueFisher, .empiricalFisher],
      cost: { $0.fisher(form).followed(by: $0.influence()) },
      prepare: { context in
        try CurvatureScorer(context) { source, training in
          try EigenFisher(
            of: training, source: source, form: form,
            curvature: context.options.curvature ?? .trueFisher, rule: context.options.damping,
            checkpoint: context.checkpoint.name)
        }
      })
  }
}
