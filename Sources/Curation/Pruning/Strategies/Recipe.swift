// Letters: n training examples, k kept.
import Tensors

extension PruneStrategy {
  /// The lower limit of the share of wrong labels from which suspects are dropped.
  static let leastWrong = 0.005
  /// The precision of the cut up to which suspects are dropped.
  ///
  /// At .5 every wrong label goes, and as many
  /// right ones, which are the hardest and are missed: 1.6 to 2.6 points of accuracy on MNIST with 8 % pair
  /// flips (Documentation/PRUNING.md).
  static let cutPrecision = 0.8
  /// The share of what is left of which the hardest are kept; below it, examples that stand for
  /// the others.
  static let leastHard = 0.3

  /// Without wrong labels where there are some; then without the easiest; where little is kept,
  /// examples that stand for the others of their class.
  public static let recipe = PruneStrategy(
    "recipe",
    keeps:
      "no suspects where labels are wrong; the hardest; of few, those that stand for the others",
    source: "Documentation/PRUNING.md", needs: [.dynamics, .gradients, .features],
    cost: "two trainings, and n² a class where less than .3 is kept"
  ) { context, kept in
    let suspects = try context.suspects(atMost: context.count - kept)
    let isSuspect = Set(suspects)
    let rest = (0..<context.count).filter { !isSuspect.contains($0) }
    let reason: PruneReason
    let chosen: [Int]
    // Rounded as what is kept is: at .3 of all, with nothing dropped as suspect, it is not below.
    if try kept >= PruneStrategy.count(leastHard, of: rest.count) {
      let order = context.order(falling: try context.standardHardness())
      (chosen, reason) = (Array(order.lazy.filter { !isSuspect.contains($0) }.prefix(kept)), .easy)
    } else {
      chosen = try FeatureSelection(context).kept(
        kept, of: rest, share: .evenly, pick: facilities)
      reason = .redundant
    }
    return PruneSelection(kept: chosen, in: context) { isSuspect.contains($0) ? .suspect : reason }
  }
}

extension PruneContext {
  /// The rows that the estimate of wrong labels would drop, most suspect first; none where it cannot
  /// tell their number from nothing.
  fileprivate func suspects(atMost most: Int) throws -> [Int] {
    guard let wrong = try sources.wrongLabels(),
      wrong.low > PruneStrategy.leastWrong * Double(count)
    else { return [] }
    return Array(wrong.order.prefix(min(wrong.cut, most)))
  }

  /// Minus AUM; the mean loss of numbers, which have no margin.
  func standardHardness() throws -> [Float] {
    if sources.hasMargins { return try areaUnderMargin().map { -$0 } }
    return try mean(.loss) { 0..<$0 }
  }
}
