// Letters: n training examples, M subsets.
import Datasets
import Randomness
import Tensors

/// Which subsets of a training set models are trained on.
///
/// Random subsets are drawn from a seed; all others are lists of rows with a role each
/// (`SubsetDesign+Lists.swift`).
public struct SubsetDesign: Sendable, Equatable {
  /// The kinds of designs.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// Random subsets of the same size.
    case random
    /// All but one example, and all of them.
    case leaveOneOut = "leave-one-out"
    /// Without the top, the bottom or random examples of one ranking, and all of them.
    case removal
    /// Without the top examples of each query's ranking, or random ones, and all of them.
    case brittleness
    /// Subsets from a file.
    case list
    /// A subset a model, each with the seed that its role says.
    case pruning
    /// The run itself with some examples' weights at 0: same seed, order and draws.
    case sameRun = "same-run"
  }

  /// The kind.
  public let kind: Kind
  /// Number of subsets M.
  public let subsets: Int
  /// Share of the training set in each; of lists the mean.
  public let fraction: Double
  /// Seed of the draws.
  public let seed: UInt64
  /// What each subset is, M of them; none for random subsets.
  public internal(set) var roles: [SubsetRole]
  /// Rows of the test set that a ranking is about; nil: all, or no ranking.
  public let queries: [Int]?
  /// How the ranking was made; nil without one.
  public let ranking: SubsetRanking?
  /// The rows of each subset, ascending; nil for random subsets, which are drawn.
  var members: [[Int]]?

  /// Random subsets of the same size.
  ///
  /// - Throws: `EvaluationError.subsetDesign` unless 1 ≤ M ≤ 100,000 and 0 < fraction < 1.
  public init(subsets: Int, fraction: Double, seed: UInt64 = 0) throws(EvaluationError) {
    guard SubsetDesign.counts.contains(subsets) else {
      throw .subsetDesign(problem: "\(subsets) subsets are not from 1 to 100000")
    }
    guard fraction > 0, fraction < 1 else {
      throw .subsetDesign(problem: "a fraction of \(fraction) is not between 0 and 1")
    }
    kind = .random
    (self.subsets, self.fraction, self.seed) = (subsets, fraction, seed)
    (roles, queries, ranking, members) = ([], nil, nil, nil)
  }

  /// Lists of rows, ascending, with a role each.
  ///
  /// - Throws: `EvaluationError.design` when a subset is empty or there are more than 100,000.
  init(
    _ kind: Kind, members: [[Int]], roles: [SubsetRole], of count: Int, seed: UInt64 = 0,
    queries: [Int]? = nil, ranking: SubsetRanking? = nil
  ) throws(EvaluationError) {
    precondition(members.count == roles.count, "\(members.count) subsets, \(roles.count) roles")
    guard SubsetDesign.counts.contains(members.count) else {
      throw .design(
        problem: "\(members.count) subsets are not from 1 to 100000", field: "‹design›",
        remedy: "ask for fewer or more of them")
    }
    if let empty = members.firstIndex(where: \.isEmpty) {
      throw .design(
        problem: "subset \(empty + 1) leaves no training example", field: "‹design›",
        remedy: "leave out fewer examples")
    }
    self.kind = kind
    (subsets, self.seed, self.roles) = (members.count, seed, roles)
    (self.queries, self.ranking, self.members) = (queries, ranking, members)
    let held = members.reduce(0) { $0 + $1.count }
    fraction = Double(held) / Double(max(1, members.count * count))
  }

  /// How many subsets a design may have.
  static let counts = 1...100_000

  /// The rows of one subset of n, ascending; random ones are round(fraction · n), at least one.
  public func rows(_ subset: Int, of count: Int) -> [Int] {
    if let members { return members[subset] }
    let size = max(1, min(count, Int((fraction * Double(count)).rounded())))
    return RandomStream(seed: seed, purpose: .subset, index: UInt64(subset))
      .sample(size, of: count).sorted()
  }

  /// M × n, 1 where the example is in the subset.
  public func masks(of count: Int) -> Matrix<Float> {
    let masks = Matrix<Float>(repeating: 0, rows: subsets, columns: count)
    for subset in 0..<subsets {
      for row in rows(subset, of: count) { masks.storage.base[subset * count + row] = 1 }
    }
    return masks
  }

  /// The training seed of one model, counted from the configuration's.
  ///
  /// Random subsets are independent: every model has a seed of its own. Lists are compared with
  /// each other: model s of every subset has the same seed, so that differences are paired; in a
  /// pruning each subset names the seed of its model.
  func seedOffset(subset: Int, seed: Int, seeds: Int) -> UInt64 {
    if kind == .pruning { return UInt64(roles[subset].seed ?? seed) }
    return UInt64(kind == .random ? subset * seeds + seed : seed)
  }
}

extension SubsetDesign: Codable {
  private enum Key: String, CodingKey {
    case kind, subsets, fraction, seed, queries, ranking
  }

  /// Reads the design of a bank's header; a bank has roles and rows of lists in datasets.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    kind = try values.decodeIfPresent(Kind.self, forKey: .kind) ?? .random
    subsets = try values.decode(Int.self, forKey: .subsets)
    fraction = try values.decode(Double.self, forKey: .fraction)
    seed = try values.decode(UInt64.self, forKey: .seed)
    queries = try values.decodeIfPresent([Int].self, forKey: .queries)
    ranking = try values.decodeIfPresent(SubsetRanking.self, forKey: .ranking)
    (roles, members) = ([], nil)
  }

  /// Writes all but the roles and rows of lists; random designs as they were before there were others.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(subsets, forKey: .subsets)
    try values.encode(fraction, forKey: .fraction)
    try values.encode(seed, forKey: .seed)
    guard kind != .random else { return }
    try values.encode(kind, forKey: .kind)
    try values.encodeIfPresent(queries, forKey: .queries)
    try values.encodeIfPresent(ranking, forKey: .ranking)
  }
}
