import Foundation

/// What cross-validation over a bank says about fusing with it.
public struct FusionReport: Sendable, Codable, Equatable {
  /// A point of the learning curve.
  public struct Point: Sendable, Codable, Equatable {
    /// Subsets fitted on.
    public let subsets: Int
    /// Mean over queries of the rank correlation with f on subsets not fitted on.
    public let lds: Double
  }

  /// Subsets in the bank, M.
  public let subsets: Int
  /// The same rank correlation of the scores as they are.
  public let scoresAlone: Double
  /// Fitted on M/4, M/2 and 4M/5 subsets.
  public let curve: [Point]
  /// Mean over queries of the squared held-out error over the variance observed.
  public let heldOutError: Double

  /// Expected rise of the rank correlation by the next `more` subsets; nil when the bank has not
  /// raised it yet.
  ///
  /// The gain over the scores alone is taken to grow as a power p of the subsets (0 ≤ p ≤ 1), fitted
  /// to the logarithms of those points of the curve that gain, and anchored at the last one. Both
  /// sides are measured against single retrained models: with a less noisy truth the LDS, and its
  /// gain, are larger.
  public func expectedGain(ofNext more: Int) -> Double? {
    let points = curve.map { (log(Double($0.subsets)), $0.lds - scoresAlone) }
    guard let last = points.last, last.1 > 0 else { return nil }
    let gains = points.filter { $0.1 > 0 }.map { ($0.0, log($0.1)) }
    let (x, y) = (mean(gains.map(\.0)), mean(gains.map(\.1)))
    let width = gains.reduce(0) { $0 + ($1.0 - x) * ($1.0 - x) }
    let rise = gains.reduce(0) { $0 + ($1.0 - x) * ($1.1 - y) }
    let power = width > 0 ? min(1, max(0, rise / width)) : 0.5
    func gain(_ count: Int) -> Double { last.1 * exp(power * (log(Double(count)) - last.0)) }
    return gain(subsets + more) - gain(subsets)
  }
}
