// Letters: n training examples, M subsets.
import Randomness

extension SubsetDesign {
  /// All examples, then all but each of some rows.
  ///
  /// - Parameters:
  ///   - rows: rows of the training set, all different.
  ///   - count: n ≥ 2.
  public static func leaveOneOut(
    rows: [Int], of count: Int
  ) throws(EvaluationError) -> SubsetDesign {
    let ordered = rows.sorted()
    return try SubsetDesign(
      .leaveOneOut, members: [Array(0..<count)] + ordered.map { complement([$0], of: count) },
      roles: [SubsetRole(.full, removed: 0)]
        + ordered.map { SubsetRole(.leftOut, removed: 1, row: $0) },
      of: count)
  }

  /// All examples, then all but each of a random sample.
  public static func leaveOneOut(
    sampling size: Int, of count: Int, seed: UInt64 = 0
  ) throws(EvaluationError) -> SubsetDesign {
    guard (1...max(1, count)).contains(size) else {
      throw .design(
        problem: "\(size) of \(count) training examples cannot be left out one by one",
        field: "‹count›", remedy: "for instance ‹count: \(min(50, count))›")
    }
    return try leaveOneOut(
      rows: RandomStream(seed: seed, purpose: .subset).sample(size, of: count), of: count)
  }

  /// Removal curves: all examples, then for every fraction without the first of a ranking, without
  /// the last, and without as many random ones.
  ///
  /// Random removals of one draw are nested: a larger fraction holds the smaller ones.
  ///
  /// - Parameters:
  ///   - order: all n rows, most helpful first.
  ///   - fractions: shares of the training set, each between 0 and 1.
  ///   - draws: random removals of each size.
  ///   - queries: rows of the test set that the ranking is about; nil: all.
  ///   - ranking: how it was made.
  public static func removal(
    order: [Int], fractions: [Double], draws: Int, seed: UInt64 = 0, queries: [Int]? = nil,
    ranking: SubsetRanking
  ) throws(EvaluationError) -> SubsetDesign {
    let count = order.count
    let counts = try removalCounts(fractions, of: count)
    var list = RemovalList(of: count)
    for size in counts {
      list.append(SubsetRole(.top, removed: size), without: order.prefix(size))
      list.append(SubsetRole(.bottom, removed: size), without: order.suffix(size))
    }
    list.appendRandom(counts, draws: draws, seed: seed)
    return try SubsetDesign(
      .removal, members: list.members, roles: list.roles, of: count, seed: seed, queries: queries,
      ranking: ranking)
  }

  /// Brittleness: all examples, then without the first of each query's own ranking, and without
  /// as many random ones.
  ///
  /// - Parameters:
  ///   - orders: for each query its row in the test set and the training rows, most helpful first.
  ///   - counts: numbers of examples to remove, ascending, each below n.
  public static func brittleness(
    orders: [(query: Int, order: [Int])], counts: [Int], draws: Int, of count: Int,
    seed: UInt64 = 0, ranking: SubsetRanking
  ) throws(EvaluationError) -> SubsetDesign {
    var list = RemovalList(of: count)
    for (query, order) in orders {
      for size in counts {
        list.append(SubsetRole(.top, removed: size, query: query), without: order.prefix(size))
      }
    }
    list.appendRandom(counts, draws: draws, seed: seed)
    return try SubsetDesign(
      .brittleness, members: list.members, roles: list.roles, of: count, seed: seed,
      queries: orders.map(\.query), ranking: ranking)
  }

  /// Subsets as they are listed.
  ///
  /// - Parameter members: rows of each, all different within one.
  public static func list(
    _ members: [[Int]], of count: Int
  ) throws(EvaluationError) -> SubsetDesign {
    try SubsetDesign(
      .list, members: members.map { $0.sorted() },
      roles: members.map {
        SubsetRole($0.count == count ? .full : .listed, removed: count - $0.count)
      },
      of: count)
  }

  /// The models of a pruning: a subset each, with the seed that its role says.
  ///
  /// - Parameter members: rows of each, ascending.
  package static func pruning(
    _ members: [[Int]], roles: [SubsetRole], of count: Int
  ) throws(EvaluationError) -> SubsetDesign {
    precondition(roles.allSatisfy { ($0.seed ?? -1) >= 0 }, "a model without a seed")
    return try SubsetDesign(.pruning, members: members, roles: roles, of: count)
  }

  /// round(fraction · n) of each, ascending, each once.
  static func removalCounts(
    _ fractions: [Double], of count: Int
  ) throws(EvaluationError) -> [Int] {
    var counts: [Int] = []
    for fraction in fractions {
      guard fraction > 0, fraction < 1 else {
        throw .design(
          problem: "a fraction of \(fraction) is not between 0 and 1", field: "‹fractions›",
          remedy: "for instance ‹fractions: 0.05,0.1,0.2,0.3›")
      }
      let size = Int((fraction * Double(count)).rounded())
      guard size >= 1, size < count else {
        throw .design(
          problem: "a fraction of \(fraction) is \(size) of \(count) training examples",
          field: "‹fractions›", remedy: "name fractions that leave some out and some in")
      }
      counts.append(size)
    }
    return Set(counts).sorted()
  }

  /// 0 ..< n without some rows.
  static func complement(_ rows: some Sequence<Int>, of count: Int) -> [Int] {
    var isIn = [Bool](repeating: true, count: count)
    for row in rows { isIn[row] = false }
    return (0..<count).filter { isIn[$0] }
  }
}

/// Subsets that lack something, the full set first.
private struct RemovalList {
  let count: Int
  private(set) var members: [[Int]]
  private(set) var roles: [SubsetRole]

  init(of count: Int) {
    self.count = count
    members = [Array(0..<count)]
    roles = [SubsetRole(.full, removed: 0)]
  }

  mutating func append(_ role: SubsetRole, without rows: some Sequence<Int>) {
    members.append(SubsetDesign.complement(rows, of: count))
    roles.append(role)
  }

  mutating func appendRandom(_ counts: [Int], draws: Int, seed: UInt64) {
    for draw in 0..<draws {
      let order = RandomStream(seed: seed, purpose: .subset, index: 1 << 32 | UInt64(draw))
        .permutation(of: count)
      for size in counts {
        append(SubsetRole(.random, removed: size, draw: draw), without: order.prefix(size))
      }
    }
  }
}
