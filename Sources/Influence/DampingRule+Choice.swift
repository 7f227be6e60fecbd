import Tensors

extension DampingRule {
  /// λ for a kernel by this rule, with what is known about it.
  ///
  /// - Parameters:
  ///   - kernel: n × n.
  ///   - diagnose: whether spectrum and cross-validation are computed although the rule does not
  ///     need them (an eigen-decomposition of at most `RidgeSpectrum.sampleLimit` rows).
  ///   - targets: n × C, what the ridge model on the kernel predicts.
  func choose(
    for kernel: Matrix<Float>, diagnose: Bool, targets: () -> Matrix<Double>
  ) throws -> DampingReport {
    let needsChoice = self == .generalisedCrossValidation || self == .leaveOneOut
    var mean = 0.0
    for i in 0..<kernel.rows {
      mean += Double(kernel.storage.base[i * kernel.columns + i]) / Double(kernel.rows)
    }
    let spectrum = diagnose || needsChoice ? try RidgeSpectrum(kernel: kernel) : nil
    let choices = spectrum?.choices(targets: targets())
    let damping =
      switch self {
      case .timesMeanEigenvalue(let x): x * mean
      case .value(let value): value
      case .generalisedCrossValidation: choices?.generalisedCrossValidation ?? mean
      case .leaveOneOut: choices?.leaveOneOut ?? mean
      }
    return DampingReport(
      rule: self, damping: damping, meanEigenvalue: mean, spectrum: spectrum, choices: choices)
  }
}
