extension PruneStrategy {
  /// A draw of as many examples of each class as there are of every other, small classes whole.
  static let classBalanced = PruneStrategy(
    "class-balanced", keeps: "a random draw, evenly by class", source: "the baseline",
    needs: [.classes], cost: "n"
  ) { context, kept in
    let order = context.randomOrder(.balanced)
    var groups = [[Int]](repeating: [], count: max(1, context.classNames.count))
    for row in order { groups[Int(context.classes?[row] ?? 0)].append(row) }
    let quotas = ClassQuotas.even(kept, of: groups.map(\.count))
    let chosen = zip(groups, quotas).flatMap { $0.prefix($1) }
    return PruneSelection(kept: chosen, of: context.count, opposite: nil) { _ in .random }
  }
}
