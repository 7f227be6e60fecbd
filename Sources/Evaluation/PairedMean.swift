import Foundation

/// The mean of differences between pairs, with a 95 % interval by Student's t.
public struct PairedMean: Sendable, Codable, Equatable {
  /// The mean.
  public let value: Double
  /// Half the width of the 95 % interval; nil of fewer than two differences.
  public let error: Double?

  /// The mean of independent differences; 0 of none.
  public init(_ differences: [Double]) {
    value = mean(differences)
    let n = differences.count
    guard n > 1 else {
      error = nil
      return
    }
    let center = value
    let squares = differences.reduce(0.0) { $0 + ($1 - center) * ($1 - center) }
    error = PairedMean.quantile(n - 1) * (squares / Double(n - 1) / Double(n)).squareRoot()
  }

  /// The 97.5 % quantile of Student's t, to within 0.3 %.
  static func quantile(_ degrees: Int) -> Double {
    let small = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
    if degrees <= small.count { return small[max(0, degrees - 1)] }
    // Cornish–Fisher expansion about the normal quantile.
    let z = 1.959964
    let d = Double(degrees)
    return z + (pow(z, 3) + z) / (4 * d) + (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * d * d)
  }
}
