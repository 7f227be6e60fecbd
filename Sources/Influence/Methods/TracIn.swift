/// `tracin`: what the steps of a training on the example did to the query.
///
///     τ[x,i] = Σ_c η_c ⟨∇f(x), −∇ℓ(z_i)⟩ at θ_c,   c the checkpoints of a seed; mean over seeds
///
/// `graddot` at every checkpoint, times the learning rate of the last step before it. On saved steps
/// (`StepDot`) every visit counts at its own rate. With f = −ℓ: by how much one descent step on z_i
/// alone at each checkpoint lowers the loss of x, to first order and without momentum; what z_i did in
/// batches of B is 1/B of it.
///
/// - Complexity: that of `graddot` at each checkpoint.
/// - Source: Pruthi et al. 2020 (arXiv:2002.08484), TracInCP.
extension Method {
  /// Σ_c η_c ⟨∇f(x), −∇ℓ(z_i)⟩.
  public static let tracin = Method(
    name: "tracin", title: "graddot summed over the training's checkpoints, times its rates",
    source: "Pruthi et al. 2020", gradients: .loss, scope: .run, unit: .steps,
    checkpoints: .logSpaced, pooling: .rates, visits: .rate, cost: { $0.kernel(.one) },
    prepare: { try GradDot($0) })
}
