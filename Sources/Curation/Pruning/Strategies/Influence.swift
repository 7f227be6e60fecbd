// Letters: n training examples.

extension PruneStrategy {
  /// Most training examples whose margins are asked about.
  static let validationCount = 200

  /// Those that help a random sample of the training examples most, each for the others alone.
  static let influence = PruneStrategy(
    "influence", keeps: "what helps a sample of the other training examples most",
    source: "Koh & Liang 2017 (arXiv:1703.04730), by the run's own method", needs: [.gradients],
    cost: "200 queries"
  ) { context, kept in
    let size = min(validationCount, max(1, context.count / 10))
    let help = try context.sources.help(
      for: Array(context.randomOrder(.validation).prefix(size)).sorted())
    return PruneSelection(first: kept, of: context.order(falling: help)) {
      help[$0] < 0 ? .suspect : .redundant
    }
  }
}
