import Training

extension PruneStrategy {
  /// By ‖∇ℓ‖ in the first tenth of the training.
  static let grand = byHardness(
    "grand", of: "the norm of the gradient early in the training",
    source: "Paul et al. 2021 (arXiv:2107.07075)", needs: [.dynamics]
  ) { try $0.mean(.gradientNorm, over: PruneContext.early) }
}
