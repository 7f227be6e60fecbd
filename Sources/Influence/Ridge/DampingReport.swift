import Foundation

/// What was known about a kernel when its damping was chosen.
///
/// Recorded with the scores.
public struct DampingReport: Sendable, Codable, Equatable {
  /// The rule as it was asked for.
  public let rule: String
  /// λ, in units of the kernel's eigenvalues.
  public let damping: Double
  /// tr(K)/n.
  public let meanEigenvalue: Double
  /// λ that generalised cross-validation would choose; nil when it was not asked.
  public let generalisedCrossValidation: Double?
  /// λ that the leave-one-out error would choose; nil when it was not asked.
  public let leaveOneOut: Double?
  /// Largest eigenvalue.
  public let largestEigenvalue: Double?
  /// (largest + λ)/(smallest + λ).
  public let conditionNumber: Double?
  /// tr(K(K + λI)⁻¹).
  public let effectiveRank: Double?
  /// Eigenvalues above rounding among the rows decomposed.
  public let numericalRank: Int?
  /// Rows that were decomposed for the figures above.
  public let sampledRows: Int?
  /// The largest eigenvalues of those rows, descending, at most 64.
  public let spectrum: [Double]?

  /// A report of a rule that needs no spectrum.
  public init(rule: DampingRule, damping: Double, meanEigenvalue: Double) {
    self.init(rule: rule, damping: damping, meanEigenvalue: meanEigenvalue, spectrum: nil)
  }

  init(
    rule: DampingRule, damping: Double, meanEigenvalue: Double, spectrum: RidgeSpectrum?,
    choices: (generalisedCrossValidation: Double, leaveOneOut: Double)? = nil
  ) {
    self.rule = rule.description
    self.damping = damping
    self.meanEigenvalue = meanEigenvalue
    generalisedCrossValidation = choices?.generalisedCrossValidation
    leaveOneOut = choices?.leaveOneOut
    largestEigenvalue = spectrum?.largest
    conditionNumber = spectrum?.conditionNumber(damping: damping)
    effectiveRank = spectrum?.effectiveRank(damping: damping)
    numericalRank = spectrum?.numericalRank
    sampledRows = spectrum?.rows.count
    self.spectrum = spectrum.map { Array($0.eigenvalues.reversed().prefix(64)) }
  }

  /// λ alone, without the spectrum and what cross-validation would choose.
  var brief: DampingReport { DampingReport(self) }

  private init(_ whole: DampingReport) {
    (rule, damping, meanEigenvalue) = (whole.rule, whole.damping, whole.meanEigenvalue)
    (generalisedCrossValidation, leaveOneOut, largestEigenvalue) = (nil, nil, nil)
    (conditionNumber, effectiveRank, numericalRank) = (nil, nil, nil)
    (sampledRows, spectrum) = (nil, nil)
  }

  /// What is odd about the spectrum; nil when nothing is.
  ///
  /// Measured on 200 digits and a 64-32-10 network: 150 to 200 of 200 in fp32. Less than half is odd.
  public var note: String? {
    guard let numericalRank, let sampledRows, 2 * numericalRank < sampledRows else { return nil }
    return "the gradients of \(sampledRows) examples span only \(numericalRank) directions beyond "
      + "rounding: the network or its features are too small to tell the examples apart"
  }

  /// The report as printed lines.
  public var lines: [String] {
    var lines = [
      "damping λ = \(short(damping)) (\(rule); mean eigenvalue \(short(meanEigenvalue)))"
    ]
    if let generalisedCrossValidation, let leaveOneOut {
      lines.append(
        "  cross-validation would choose \(short(generalisedCrossValidation)) (GCV), "
          + "\(short(leaveOneOut)) (leave-one-out)")
    }
    if let largestEigenvalue, let conditionNumber, let effectiveRank, let sampledRows {
      lines.append(
        "  largest eigenvalue \(short(largestEigenvalue)), condition number "
          + "\(short(conditionNumber)), effective rank \(short(effectiveRank))"
          + " (from \(sampledRows) rows)")
    }
    return lines
  }
}

/// Four significant digits.
func short(_ value: Double) -> String {
  String(format: "%.4g", value)
}
