/// What one subset of a design is: which examples it lacks, and why those.
public struct SubsetRole: Sendable, Codable, Equatable {
  /// How the examples that are left out were chosen.
  public enum Side: String, Sendable, Codable, CaseIterable {
    /// None is left out: the baseline.
    case full
    /// One example.
    case leftOut
    /// The most helpful of a ranking.
    case top
    /// The most harmful of a ranking.
    case bottom
    /// Random ones, as many as of a ranking.
    case random
    /// Those that a file says.
    case listed
    /// Those that a pruning drops.
    case pruned
    /// Those that a pruning turned around drops.
    case opposite
  }

  /// How they were chosen.
  public let side: Side
  /// Number of examples that are left out.
  public let removed: Int
  /// Which of several random draws; nil elsewhere.
  public let draw: Int?
  /// The training row that is left out, of `leftOut`.
  public let row: Int?
  /// The test row whose ranking it is, when each query has its own.
  public let query: Int?
  /// The training seed of its only model, counted as a bank's are; nil where every subset has the
  /// same seeds.
  public let seed: Int?

  /// A role.
  public init(
    _ side: Side, removed: Int, draw: Int? = nil, row: Int? = nil, query: Int? = nil,
    seed: Int? = nil
  ) {
    (self.side, self.removed, self.draw) = (side, removed, draw)
    (self.row, self.query, self.seed) = (row, query, seed)
  }
}
