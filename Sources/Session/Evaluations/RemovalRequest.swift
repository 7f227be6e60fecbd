import Evaluation
import Influence

/// What is removed, for removal curves.
public struct RemovalRequest: Sendable {
  /// What ranks the training examples.
  public enum Ranking: Sendable {
    /// A method with its defaults; nil: the run's own.
    case method(Method?)
    /// A file of `ScoreJob` on test examples, whatever its options were.
    case scores(String)
  }

  /// Shares of the training set to remove, each between 0 and 1.
  public var fractions = [0.05, 0.1, 0.2, 0.3]
  /// Random removals of each size.
  public var draws = 3
  /// The queries that the ranking is about: test ids such as `3,17`, `@FILE`, or `all`; their mean.
  public var test = "all"
  /// Of sequences the only token of the queries that the ranking is about, from 1; nil: all.
  public var token: Int?
  /// What ranks the training examples.
  public var ranking = Ranking.method(nil)

  /// Four sizes, by the run's own scores of the whole test set.
  public init() {}

  /// The subsets.
  ///
  /// - Parameter seed: of the random removals.
  func design(_ session: Session, seed: UInt64) throws -> SubsetDesign {
    try EvaluationError.require(draws, in: 1...100, field: "draws")
    guard !fractions.isEmpty else {
      throw EvaluationError.request(
        problem: "‹fractions› names none", field: "‹fractions›",
        remedy: "for instance ‹fractions: 0.05,0.1›")
    }
    let ranking =
      switch ranking {
      case .method(let method): try RemovalRanking(by: method, of: test, token: token, session)
      case .scores(let path): try RemovalRanking(reading: path, of: test, session)
      }
    return try .removal(
      order: ranking.order, fractions: fractions, draws: draws, seed: seed,
      queries: ranking.queries, ranking: ranking.record)
  }
}
