import Foundation

/// How λ is chosen.
public enum DampingRule: Sendable, Equatable, CustomStringConvertible {
  /// λ = x · tr(K)/n, the mean eigenvalue of the n × n kernel.
  case timesMeanEigenvalue(Double)
  /// λ itself, in units of the kernel's eigenvalues.
  case value(Double)
  /// The minimum of generalised cross-validation.
  case generalisedCrossValidation
  /// The minimum of the leave-one-out error.
  case leaveOneOut

  /// The mean eigenvalue.
  public static let standard = DampingRule.timesMeanEigenvalue(1)

  /// Reads `mean`, `2·mean`, `0.5*mean`, `x·mean-eigenvalue`, `gcv`, `loo` or a number.
  ///
  /// - Throws: `InfluenceError.dampingText`.
  public init(_ text: String) throws(InfluenceError) {
    let word = text.trimmingCharacters(in: .whitespaces).lowercased()
    switch word {
    case "gcv": self = .generalisedCrossValidation
    case "loo": self = .leaveOneOut
    case "mean", "mean-eigenvalue": self = .standard
    default:
      if let number = Double(word), number.isFinite, number >= 0 {
        self = .value(number)
        return
      }
      for ending in ["mean-eigenvalue", "mean"] where word.hasSuffix(ending) {
        var factor = String(word.dropLast(ending.count)).trimmingCharacters(in: .whitespaces)
        guard let sign = factor.popLast(), "·*x×".contains(sign),
          let number = Double(factor.trimmingCharacters(in: .whitespaces)), number.isFinite,
          number > 0
        else { break }
        self = .timesMeanEigenvalue(number)
        return
      }
      throw .dampingText(text)
    }
  }

  /// As it is written after `--damping`.
  public var description: String {
    switch self {
    case .timesMeanEigenvalue(let x): x == 1 ? "mean" : "\(x)·mean"
    case .value(let value): "\(value)"
    case .generalisedCrossValidation: "gcv"
    case .leaveOneOut: "loo"
    }
  }
}
