import Foundation

/// The two-sided quantile of Student's t for 90 % or 95 %: |t| stays below it with that chance.
///
///     z + (z³ + z)/4d + (5z⁵ + 16z³ + 3z)/96d² + (3z⁷ + 19z⁵ + 17z³ − 15z)/384d³
///
/// - Parameter degrees: d ≥ 1; exact to three decimals up to d = 10, within 0.02 % above.
/// - Source: Cornish–Fisher expansion, Abramowitz & Stegun 26.7.5; its table 26.10 where d is small.
package enum StudentQuantile {
  /// As the formula.
  package static func both(_ level: Coverage, degrees: Int) -> Double {
    if degrees <= level.small.count { return level.small[max(1, degrees) - 1] }
    let (z, d) = (level.normalQuantile, Double(degrees))
    let (z3, z5, z7) = (pow(z, 3), pow(z, 5), pow(z, 7))
    return z + (z3 + z) / (4 * d) + (5 * z5 + 16 * z3 + 3 * z) / (96 * d * d)
      + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * d * d * d)
  }

  /// Levels of intervals.
  package enum Coverage {
    case ninety, ninetyFive

    var normalQuantile: Double { self == .ninety ? 1.644854 : 1.959964 }

    /// The quantiles of 1 to 10 degrees.
    var small: [Double] {
      switch self {
      case .ninety: [6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812]
      case .ninetyFive: [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
      }
    }
  }
}
