/// λ at one checkpoint without its spectrum: as answers and banks have it.
public struct DampingSummary: Sendable, Codable, Equatable {
  /// The checkpoint, and the part of the method.
  public let checkpoint: String
  /// The rule.
  public let rule: String
  /// λ.
  public let value: Double
  /// tr(K)/n.
  public let meanEigenvalue: Double
  /// As in `DampingReport`; nil where it was not asked.
  public let generalisedCrossValidation, leaveOneOut: Double?
  /// As in `DampingReport`; nil where it was not asked.
  public let conditionNumber, effectiveRank: Double?

  /// The summary of a report.
  public init(checkpoint: String, report: DampingReport) {
    self.checkpoint = checkpoint
    rule = report.rule
    value = report.damping
    meanEigenvalue = report.meanEigenvalue
    generalisedCrossValidation = report.generalisedCrossValidation
    leaveOneOut = report.leaveOneOut
    conditionNumber = report.conditionNumber
    effectiveRank = report.effectiveRank
  }
}
