// Letters: D decoys, R the share of them at or above a threshold, N the others there, E wrong labels.
import Foundation

/// How many labels are wrong, by how many decoys are found beside how many others.
///
///     E(t) = N(t)/R(t),   var log E(t) ≈ (1 − R)/(D·R) + (1 − R)/N + .05²
///
/// The first part is of the decoys, the second of the wrong labels themselves, which are found by the
/// same chance; both are binomial. The third is what decoys were measured to differ from wrong labels
/// (Documentation/STUDY.md). False positives are among N, so that every threshold's E is too large, the
/// lower the more, while its spread falls. Taken is the lowest threshold that no higher one contradicts:
/// whose E is within the upper limit of each of those.
///
/// A cut is made by another E, that of the threshold whose upper limit is least: chosen for being small, it
/// is too small rather than too large, and so the precision E·R/N.
/// - Source: Lepskii 1991, *On a problem of adaptive estimation in Gaussian white noise*, for the choice.
public struct DecoyBound: Sendable, Equatable {
  /// E.
  public let estimate: Double
  /// A 90 % interval; `low` allows for false positives.
  public let low, high: Double
  /// E where its upper limit is least: for precision.
  public let careful: Double

  /// Thresholds that are looked at: those with so many of the decoys at or above them.
  static let recalls = 0.25...0.95
  /// Normal quantile of a two-sided 90 % interval.
  static let quantile = 1.644854
  /// Standard deviation of log E from decoys that are not quite as wrong labels are.
  static let likeness = 0.05

  /// The bound of a curve; nothing is known without decoys.
  public init(_ curve: DecoyCurve) {
    let inRange = curve.points.filter { DecoyBound.recalls.contains(curve.recall($0)) }
    let limits = (inRange.isEmpty ? curve.points : inRange).map { Limits($0, curve) }
    guard !limits.isEmpty else {
      (estimate, low, high, careful) = (0, 0, .infinity, 0)
      return
    }
    var leastHigh = [Double.infinity]
    for limit in limits { leastHigh.append(min(limit.high, leastHigh[leastHigh.count - 1])) }
    let taken = limits.indices.last { limits[$0].estimate <= leastHigh[$0] } ?? 0
    let own = limits[taken]
    (estimate, high) = (own.estimate, own.high)
    careful = limits.min { $0.high < $1.high }?.estimate ?? 0
    low = limits[...taken].filter { $0.recall >= own.recall / 2 }.map(\.low).min() ?? own.low
  }

  /// What one threshold says.
  private struct Limits {
    let recall, estimate, low, high: Double

    init(_ point: DecoyCurve.Point, _ curve: DecoyCurve) {
      let decoys = Double(curve.decoys)
      recall = curve.recall(point)
      // Where every decoy is found, no more is known than that half of one may be missed.
      let missed = max(1 - recall, 0.5 / decoys)
      let others = max(point.others, 1)
      let variance = missed / (decoys * recall) + missed / others
      let spread =
        DecoyBound.quantile
        * (variance + DecoyBound.likeness * DecoyBound.likeness).squareRoot()
      estimate = point.others / recall
      low = estimate * exp(-spread)
      // One more than is seen: no set is said to be without a wrong label.
      high = others / recall * exp(spread) + 1
    }
  }
}

extension DecoyCurve {
  /// The lowest threshold whose examples are expected to be wrong with a precision, if so many labels
  /// are wrong: E·R/N.
  ///
  /// - Returns: nil where no threshold is so precise.
  func point(precision: Double, wrong: Double) -> Point? {
    points.last { $0.others >= 1 && wrong * recall($0) / $0.others >= precision }
  }

  /// The same threshold by the curve's own estimate of E.
  func threshold(precision: Double) -> Float? {
    point(precision: precision, wrong: DecoyBound(self).careful)?.threshold
  }
}
