/// How the ranking behind a removal was made: kept with the bank.
public struct SubsetRanking: Sendable, Codable, Equatable, CustomStringConvertible {
  /// λ at one checkpoint.
  public struct Damping: Sendable, Codable, Equatable {
    /// The checkpoint, and the part of the method.
    public let checkpoint: String
    /// The rule.
    public let rule: String
    /// λ.
    public let value: Double
    /// tr(K)/n.
    public let meanEigenvalue: Double

    /// λ and where it comes from.
    public init(checkpoint: String, rule: String, value: Double, meanEigenvalue: Double) {
      (self.checkpoint, self.rule) = (checkpoint, rule)
      (self.value, self.meanEigenvalue) = (value, meanEigenvalue)
    }
  }

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
  public let damping: [Damping]
  /// The queries it is about, in words.
  public let queries: String

  /// What is recorded.
  public init(
    method: String, outputFunction: String, exampleWeight: String, kernel: String,
    checkpoints: [String], damping: [Damping], queries: String
  ) {
    (self.method, self.outputFunction) = (method, outputFunction)
    (self.exampleWeight, self.kernel) = (exampleWeight, kernel)
    (self.checkpoints, self.damping, self.queries) = (checkpoints, damping, queries)
  }

  /// The choices in one line.
  public var description: String {
    let rules = Set(damping.map(\.rule)).sorted().joined(separator: " ")
    return "\(method) of \(outputFunction), example weight \(exampleWeight), kernel \(kernel), "
      + "damping \(rules.isEmpty ? "none" : rules), "
      + "checkpoints \(checkpoints.joined(separator: " ")), \(queries)"
  }
}
