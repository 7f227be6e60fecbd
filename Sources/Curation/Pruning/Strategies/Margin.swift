extension PruneStrategy {
  /// Without the most suspect labels, by the margin of the regression that leaves the example out.
  static let margin = PruneStrategy(
    "margin", keeps: "the least suspect labels (`ascribe mislabeled`)",
    source: "leave-one-out margin, METHODS.md", needs: [.gradients], cost: "n log n"
  ) { context, kept in
    let order = context.order(falling: try context.sources.suspicion().map { -$0 })
    return PruneSelection(first: kept, of: order) { _ in .suspect }
  }
}
