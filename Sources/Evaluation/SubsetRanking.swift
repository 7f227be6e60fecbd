import Influence

/// How the ranking behind a removal was made: kept with the bank.
public struct SubsetRanking: Sendable, Codable, Equatable, CustomStringConvertible {
  /// The method.
  public let method: String
  /// f.
  public let outputFunction: String
  /// D.
  public let exampleWeight: String
  /// `exact`, or the projector.
  public let kernel: String
  /// The checkpoints.
  public let checkpoints: [String]
  /// λ by checkpoint; none of methods without.
  public let damping: [DampingSummary]
  /// k; nil without a projector, and in banks of former versions.
  public let projectionDimension: Int?
  /// The queries it is about, in words.
  public let queries: String
  /// The only token of the queries that it is about; nil for all.
  public let token: Int?

  /// What is recorded of the scores behind a ranking.
  ///
  /// - Parameters:
  ///   - queries: in words.
  ///   - token: the only token of the queries that is asked about.
  public init(_ scores: ScoreDescription, queries: String, token: Int? = nil) {
    self.init(
      method: scores.method, outputFunction: scores.outputFunction,
      exampleWeight: scores.exampleWeight, kernel: scores.kernel.name,
      checkpoints: scores.checkpoints, damping: scores.dampingSummaries, queries: queries,
      projectionDimension: scores.kernel.dimension, token: token)
  }

  init(
    method: String, outputFunction: String, exampleWeight: String, kernel: String,
    checkpoints: [String], damping: [DampingSummary], queries: String,
    projectionDimension: Int? = nil, token: Int? = nil
  ) {
    (self.method, self.outputFunction) = (method, outputFunction)
    (self.exampleWeight, self.kernel) = (exampleWeight, kernel)
    (self.checkpoints, self.damping, self.queries) = (checkpoints, damping, queries)
    (self.projectionDimension, self.token) = (projectionDimension, token)
  }

  /// Rows by falling score, ties in row order; a NaN is last.
  public static func order(of scores: [Float]) -> [Int] {
    let values = scores.map { $0.isNaN ? -Float.infinity : $0 }
    return values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
  }

  /// The choices in one line.
  public var description: String {
    let rules = Set(damping.map(\.rule)).sorted().joined(separator: " ")
    return "\(method) of \(outputFunction), example weight \(exampleWeight), kernel \(kernel), "
      + "damping \(rules.isEmpty ? "none" : rules), "
      + "checkpoints \(checkpoints.joined(separator: " ")), \(queries)"
      + (token.map { ", token \($0)" } ?? "")
  }
}
