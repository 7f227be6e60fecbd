import Foundation

/// The two-sided quantile of Student's t for 90 % or 95 %: |t| stays below it with that chance.
///
///     z + (z³ + z)/4d + (5z⁵ + 16z³ + 3z)/96d² + (3z⁷ + 19z⁵ + 17z³ − 15z)/384d³
///
/// - Parameter degrees: d ≥ 1; within 0.2 % from d = 5 on, too small below.
/// - Source: Cornish–Fisher expansion, Abramowitz & Stegun 26.7.5.
enum StudentQuantile {
  static func both(_ level: Coverage, degrees: Int) -> Double {
    let (z, d) = (level.normalQuantile, Double(max(1, degrees)))
    let (z3, z5, z7) = (pow(z, 3), pow(z, 5), pow(z, 7))
    return z + (z3 + z) / (4 * d) + (5 * z5 + 16 * z3 + 3 * z) / (96 * d * d)
      + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * d * d * d)
  }

  /// Levels of intervals.
  enum Coverage {
    case ninety, ninetyFive

    var normalQuantile: Double { self == .ninety ? 1.644854 : 1.959964 }
  }
}
