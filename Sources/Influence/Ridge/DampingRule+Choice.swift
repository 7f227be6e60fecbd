import Tensors

extension DampingRule {
  /// λ for a kernel by this rule, with what is known about it.
  ///
  /// - Parameters:
  ///   - kernel: n × n.
  ///   - scales: how λ is spread over the examples; nil for 1.
  ///   - diagnose: whether spectrum and cross-validation are computed although the rule does not
  ///     need them (an eigen-decomposition of at most `RidgeSpectrum.sampleLimit` rows).
  ///   - targets: n × C, what the ridge model on the kernel predicts.
  func choose(
    for kernel: Matrix<Float>, scales: [Double]? = nil, diagnose: Bool,
    targets: () throws -> Matrix<Double>
  ) throws -> DampingReport {
    let needsChoice = self == .generalisedCrossValidation || self == .leaveOneOut
    let spectrum = diagnose || needsChoice ? try RidgeSpectrum(kernel: kernel, scales: scales) : nil
    return report(
      meanEigenvalue: kernel.meanOfDiagonal, spectrum: spectrum,
      choices: try spectrum.map { try $0.choices(targets: targets()) })
  }

  /// The report once the mean eigenvalue, and maybe the spectrum, are known.
  func report(
    meanEigenvalue: Double, spectrum: RidgeSpectrum?,
    choices: (generalisedCrossValidation: Double, leaveOneOut: Double)?
  ) -> DampingReport {
    let damping =
      switch self {
      case .timesMeanEigenvalue(let x): x * meanEigenvalue
      case .value(let value): value
      case .generalisedCrossValidation:
        choices?.generalisedCrossValidation ?? meanEigenvalue
      case .leaveOneOut: choices?.leaveOneOut ?? meanEigenvalue
      }
    return DampingReport(
      rule: self, damping: damping, meanEigenvalue: meanEigenvalue, spectrum: spectrum,
      choices: choices)
  }
}
