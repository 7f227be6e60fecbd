// Letters: m queries, M subsets, S seeds.

/// How few helpful examples must go for a prediction to change.
///
/// Models vote: a prediction is the class most of the seeds predict (of equally many the one the
/// full set predicts, else the first), and is flipped when it is another than that of the models
/// of the whole training set. Random removals of the same sizes stand beside.
///
/// - Source: Ilyas et al. 2022 (data support); METHODS.md section 7.
public struct Brittleness: Sendable, Equatable {
  /// One query.
  public struct Query: Sendable, Equatable {
    /// Row of the test set.
    public let row: Int
    /// The predicted class of the full models.
    public let predicted: Int32
    /// The smallest size on the ladder whose removal flips the prediction; nil: none.
    public let smallestFlip: Int?
    /// The same of random removals, all draws voting.
    public let smallestRandomFlip: Int?
    /// By size of the ladder whether the prediction is flipped.
    public let flips: [Bool]
    /// The share of random draws that flip it, by size.
    public let randomFlips: [Double]
  }

  /// The ladder, ascending.
  public let sizes: [Int]
  /// The queries in the design's order.
  public let queries: [Query]

  /// The brittleness in a bank.
  ///
  /// - Parameters:
  ///   - design: a brittleness design.
  ///   - seeds: S.
  ///   - predicted: the class that model (subset, seed) predicts for a row of the test set.
  /// - Throws: `EvaluationError.notABank` when the full set is missing.
  public init(
    design: SubsetDesign, seeds: Int, file: String,
    predicted: (_ subset: Int, _ seed: Int) -> [Int32]
  ) throws(EvaluationError) {
    let roles = design.roles
    guard let full = roles.firstIndex(where: { $0.side == .full }), let rows = design.queries else {
      throw .notABank(problem: "it has no models of the whole training set", file: file)
    }
    let classes = roles.indices.map { subset in (0..<seeds).map { predicted(subset, $0) } }
    let ladder = Set(roles.filter { $0.side == .top }.map(\.removed)).sorted()
    sizes = ladder
    queries = rows.map { row in
      func vote(_ subset: Int, keeping base: Int32?) -> Int32 {
        Brittleness.majority(classes[subset].map { $0[row] }, keeping: base)
      }
      let base = vote(full, keeping: nil)
      func subsets(_ side: SubsetRole.Side, _ size: Int) -> [Int] {
        roles.indices.filter {
          roles[$0].side == side && roles[$0].removed == size
            && (side == .random || roles[$0].query == row)
        }
      }
      let flips = ladder.map { size in
        subsets(.top, size).contains { vote($0, keeping: base) != base }
      }
      let random = ladder.map { size in
        let draws = subsets(.random, size)
        return mean(draws.map { vote($0, keeping: base) != base ? 1 : 0 })
      }
      return Query(
        row: row, predicted: base, smallestFlip: zip(ladder, flips).first { $0.1 }?.0,
        smallestRandomFlip: zip(ladder, random).first { $0.1 > 0.5 }?.0, flips: flips,
        randomFlips: random)
    }
  }

  /// Share of the queries that removals of a size flip, less that of random removals, paired by
  /// query.
  public func advantage(at size: Int) -> PairedMean {
    PairedMean(queries.map { ($0.flips[size] ? 1 : 0) - $0.randomFlips[size] })
  }

  /// Share of the queries flipped by removing some number of helpful examples, by size.
  public var flipped: [Double] {
    sizes.indices.map { size in mean(queries.map { $0.flips[size] ? 1 : 0 }) }
  }

  /// The same of random examples, mean over draws.
  public var randomlyFlipped: [Double] {
    sizes.indices.map { size in mean(queries.map { $0.randomFlips[size] }) }
  }

  /// The median of the smallest flips; nil when half of the queries or more are not flipped.
  public var medianFlip: Int? {
    let found = queries.compactMap(\.smallestFlip).sorted()
    let middle = (queries.count - 1) / 2
    return !queries.isEmpty && middle < found.count ? found[middle] : nil
  }

  /// The class with the most votes; of equally many `base`, else the first.
  package static func majority(_ votes: [Int32], keeping base: Int32? = nil) -> Int32 {
    var counts: [Int32: Int] = [:]
    for vote in votes { counts[vote, default: 0] += 1 }
    let most = counts.values.max() ?? 0
    let winners = counts.filter { $0.value == most }.keys.sorted()
    if let base, winners.contains(base) { return base }
    return winners.first ?? 0
  }
}
