import Training

extension PruneStrategy {
  /// By ‖p − e_y‖ in the first tenth of the training.
  static let el2n = byHardness(
    "el2n", of: "the norm of the error, ‖p − y‖, early in the training",
    source: "Paul et al. 2021 (arXiv:2107.07075)", needs: [.dynamics]
  ) { try $0.mean(.el2n, over: PruneContext.early) }
}
