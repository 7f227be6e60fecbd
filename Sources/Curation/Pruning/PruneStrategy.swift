// Letters: n training examples, k kept.
import Tensors

/// A way to choose the training examples that are kept.
public struct PruneStrategy: Sendable {
  /// What a strategy reads.
  public enum Need: String, Sendable, Codable, CaseIterable {
    /// Signals that the training recorded.
    case dynamics
    /// Gradients at checkpoints.
    case gradients
    /// Features of the trace kernel, in a store.
    case features
    /// Classes as targets.
    case classes
    /// Inputs that are texts.
    case texts
  }

  /// Its name on the command line.
  public let name: String
  /// In a line: what it keeps.
  public let summary: String
  /// Where it is described.
  public let source: String
  /// What it reads.
  public let needs: [Need]
  /// What choosing costs beside what it reads.
  public let cost: String
  private let choose: @Sendable (PruneContext, Int) throws -> PruneSelection

  /// A strategy.
  ///
  /// - Parameter choose: keeps so many of the context's rows; deterministic by the context's seed.
  init(
    _ name: String, keeps summary: String, source: String, needs: [Need], cost: String,
    choose: @escaping @Sendable (PruneContext, Int) throws -> PruneSelection
  ) {
    (self.name, self.summary, self.source) = (name, summary, source)
    (self.needs, self.cost, self.choose) = (needs, cost, choose)
  }

  /// Chooses.
  ///
  /// - Parameter keep: share of the examples that are kept, above 0 and at most 1;
  ///   k = round(keep · n), at least one.
  /// - Throws: `PruningError.keep`; `.vanishes` for a class of which nothing would be left; errors
  ///   of what it reads.
  public func selection(_ context: PruneContext, keep: Double) throws -> PruneSelection {
    let selection = try choose(context, try PruneStrategy.count(keep, of: context.count))
    try context.requireEveryClass(in: selection.kept, strategy: name, keep: keep)
    return selection
  }

  /// round(keep · n), at least one.
  ///
  /// - Throws: `PruningError.keep` unless 0 < keep ≤ 1.
  public static func count(_ keep: Double, of count: Int) throws(PruningError) -> Int {
    guard keep > 0, keep <= 1 else { throw .keep(keep) }
    return max(1, Int((keep * Double(count)).rounded()))
  }
}

extension PruneContext {
  /// - Throws: `PruningError.vanishes` for the first class with examples of which none is kept.
  func requireEveryClass(in kept: [Int], strategy: String, keep: Double) throws(PruningError) {
    guard let classes else { return }
    var (all, left) = (
      [Int](repeating: 0, count: classNames.count), [Int](repeating: 0, count: classNames.count)
    )
    for label in classes { all[Int(label)] += 1 }
    for row in kept { left[Int(classes[row])] += 1 }
    for (label, name) in classNames.enumerated() where all[label] > 0 && left[label] == 0 {
      throw .vanishes(label: name, examples: all[label], strategy: strategy, keep: keep)
    }
  }
}
