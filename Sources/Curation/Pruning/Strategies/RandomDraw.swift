extension PruneStrategy {
  /// A draw without replacement.
  public static let random = PruneStrategy(
    "random", keeps: "a random draw", source: "the baseline", needs: [], cost: "n"
  ) { context, kept in
    let order = context.randomOrder(.random)
    return PruneSelection(kept: Array(order.prefix(kept)), of: context.count, opposite: nil) { _ in
      .random
    }
  }
}
