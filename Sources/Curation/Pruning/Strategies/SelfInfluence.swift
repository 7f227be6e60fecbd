extension PruneStrategy {
  /// By τ(z, z): what training on an example does to its own margin.
  static let selfInfluence = byHardness(
    "self-influence", of: "self-influence", source: "Feldman & Zhang 2020 (arXiv:2008.03703)",
    needs: [.gradients]
  ) { try $0.sources.selfInfluence() }
}
