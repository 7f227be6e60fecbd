// Letters: n training examples, k kept.
import Tensors

extension PruneStrategy {
  /// Share of the hardest examples that is dropped before the strata are drawn from.
  static let hardShare = 0.1
  /// Strata of equal width of the score.
  static let strata = 50

  /// Without the β hardest, then evenly over strata of AUM, drawn within each.
  ///
  /// Where more than 1 − β is kept the share that is dropped is 1 − keep.
  static let ccs = PruneStrategy(
    "ccs", keeps: "evenly over strata of AUM without the hardest tenth",
    source: "Zheng et al. 2023 (arXiv:2210.15809)", needs: [.dynamics], cost: "n log n"
  ) { context, kept in
    let margins = try context.areaUnderMargin()
    let order = context.order(falling: margins.map { -$0 })
    let hard = min(Int(hardShare * Double(context.count)), context.count - kept)
    let isHard = Set(order.prefix(hard))
    let strata = equalWidths(order.dropFirst(hard).filter { !margins[$0].isNaN }, margins)
    // Rows without a margin are drawn last.
    let groups = strata + [order.dropFirst(hard).filter { margins[$0].isNaN }]
    var quotas = ClassQuotas.even(
      min(kept, strata.reduce(0) { $0 + $1.count }), of: strata.map(\.count))
    quotas.append(kept - quotas.reduce(0, +))
    let draw = places(context.randomOrder(.strata))
    let chosen = zip(groups, quotas).flatMap { rows, quota in
      rows.sorted { draw[$0] < draw[$1] }.prefix(quota)
    }
    return PruneSelection(kept: chosen, in: context) { isHard.contains($0) ? .hard : .random }
  }

  /// Rows by where their value lies between the least and the largest.
  private static func equalWidths(_ rows: [Int], _ values: [Float]) -> [[Int]] {
    let finite = rows.map { values[$0] }.filter(\.isFinite)
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 0)
    var result = [[Int]](repeating: [], count: strata)
    for row in rows {
      let place = high > low ? (values[row] - low) / (high - low) : 0
      result[Int((min(1, max(0, place)) * Float(strata)).rounded(.down).clamped(to: strata - 1))]
        .append(row)
    }
    return result
  }

  /// The place of each row in an order.
  private static func places(_ order: [Int]) -> [Int] {
    var places = [Int](repeating: 0, count: order.count)
    for (place, row) in order.enumerated() { places[row] = place }
    return places
  }
}

extension Float {
  fileprivate func clamped(to most: Int) -> Float { Swift.min(self, Float(most)) }
}
