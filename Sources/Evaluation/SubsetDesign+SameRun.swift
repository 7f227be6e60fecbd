// Letters: n training examples, M subsets.
import Randomness

extension SubsetDesign {
  /// The run itself, then the run without as many random examples: same seed, order and draws, the
  /// weights of those that are taken away at 0 (`Trainer`'s `weights`).
  ///
  /// - Parameters:
  ///   - removed: share of the training set that is taken away, at least one example.
  ///   - count: n.
  /// - Throws: `EvaluationError.design` unless 0 < removed < 1 and something is left.
  public static func sameRun(
    removing removed: Double, subsets: Int, of count: Int, seed: UInt64 = 0
  ) throws(EvaluationError) -> SubsetDesign {
    guard removed > 0, removed < 1 else {
      throw .design(
        problem: "a share of \(removed) is not between 0 and 1", field: "‹removed›",
        remedy: "for instance ‹removed: 0.01›")
    }
    guard counts.contains(subsets) else {
      throw .subsetDesign(problem: "\(subsets) subsets are not from 1 to 100000")
    }
    let size = max(1, Int((removed * Double(count)).rounded()))
    let away = (0..<subsets).map { subset in
      RandomStream(seed: seed, purpose: .subset, index: 2 << 32 | UInt64(subset))
        .sample(size, of: count)
    }
    return try SubsetDesign(
      .sameRun, members: [Array(0..<count)] + away.map { complement($0, of: count) },
      roles: [SubsetRole(.full, removed: 0)]
        + away.indices.map { SubsetRole(.random, removed: size, draw: $0) },
      of: count, seed: seed)
  }

  /// The share of the training set that a removal takes, the mean over removals.
  public var removedFraction: Double {
    let parts = roles.filter { $0.removed > 0 }
    guard let members, let count = members.map(\.count).max(), !parts.isEmpty, count > 0 else {
      return 1 - fraction
    }
    return parts.reduce(0.0) { $0 + Double($1.removed) } / Double(parts.count * count)
  }

  /// The run itself, then the run on subsets that are listed.
  public static func sameRun(
    _ members: [[Int]], of count: Int
  ) throws(EvaluationError) -> SubsetDesign {
    try SubsetDesign(
      .sameRun, members: [Array(0..<count)] + members.map { $0.sorted() },
      roles: [SubsetRole(.full, removed: 0)]
        + members.map { SubsetRole(.listed, removed: count - $0.count) },
      of: count)
  }
}
