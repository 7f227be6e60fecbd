// Letters: n training examples, k kept.
import Randomness

/// Which k of n training examples a strategy keeps, and why it drops the others.
public struct PruneSelection: Sendable, Equatable {
  /// The rows that are kept, ascending.
  public let kept: [Int]
  /// The rows that are dropped, ascending, with the reason of each.
  public let dropped: [Dropped]
  /// The k rows that the strategy turned around would keep, ascending; nil where it has no opposite.
  public let opposite: [Int]?

  /// A row that is dropped.
  public struct Dropped: Sendable, Equatable {
    /// The row of the training set.
    public let row: Int
    /// Why.
    public let reason: PruneReason
  }

  /// What is kept of n rows.
  ///
  /// - Parameters:
  ///   - kept: all different.
  ///   - reason: of a row that is not kept.
  init(kept: [Int], of count: Int, opposite: [Int]?, reason: (Int) -> PruneReason) {
    var isKept = [Bool](repeating: false, count: count)
    for row in kept { isKept[row] = true }
    self.kept = kept.sorted()
    self.opposite = opposite?.sorted()
    dropped = (0..<count).filter { !isKept[$0] }.map { Dropped(row: $0, reason: reason($0)) }
    precondition(self.kept.count + dropped.count == count, "a row is kept twice")
    precondition(opposite?.count ?? kept.count == kept.count, "an opposite of another size")
  }

  /// The first k of an order; its opposite are the last k.
  ///
  /// - Parameter order: all n rows.
  init(first count: Int, of order: [Int], reason: (Int) -> PruneReason) {
    self.init(
      kept: Array(order.prefix(count)), of: order.count, opposite: Array(order.suffix(count)),
      reason: reason)
  }

  /// A subset that is no part of an order: its opposite keeps what it drops, first of all, and as
  /// many random others as are missing.
  init(kept: [Int], in context: PruneContext, reason: (Int) -> PruneReason) {
    var isKept = [Bool](repeating: false, count: context.count)
    for row in kept { isKept[row] = true }
    let order = context.randomOrder(.opposite)
    let turned = order.filter { !isKept[$0] } + order.filter { isKept[$0] }
    self.init(
      kept: kept, of: context.count, opposite: Array(turned.prefix(kept.count)), reason: reason)
  }

  /// All but some rows that somebody named.
  ///
  /// - Throws: `PruningError.list` when nothing would be left; `.vanishes` for a class.
  public init(dropping rows: [Int], in context: PruneContext) throws(PruningError) {
    guard rows.count < context.count else {
      throw .list(problem: "all \(context.count) training examples are named")
    }
    let isDropped = Set(rows)
    let kept = (0..<context.count).filter { !isDropped.contains($0) }
    try context.requireEveryClass(
      in: kept, strategy: "the list", keep: Double(kept.count) / Double(context.count))
    self.init(kept: kept, in: context) { _ in .suspect }
  }
}
