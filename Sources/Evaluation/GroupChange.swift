// Letters: S the group, s slope of a calibration, τ scores.

/// What taking a whole group of training examples away changes f by, in units of f.
///
///     sum = −s Σ_{i∈S} τ_i,   deletion = −s · exact
///     change = ±√(|sum| · |deletion|) where both have one sign, else sum
///
/// The sum takes every example as if the others of the group stayed, and is too small for groups that
/// belong together; the ridge model refitted without them has forgotten nothing that the network learnt
/// elsewhere, and is too large. The interval spans both, and what the calibration does not know of
/// either: 90 % of the mean over training seeds.
///
/// - Source: ours; what it was measured on is in Documentation/STUDY.md.
public struct GroupChange: Sendable, Codable, Equatable {
  /// The expected change of f.
  public let value: Double
  /// Its 90 % interval.
  public let low, high: Double
  /// How many standard deviations of the sums over the bank's random subsets the group's sum is: beyond
  /// 3 the bank has shown nothing like it.
  public let reach: Double

  /// Beyond it a group is another thing than what the calibration was fitted on.
  public static let shown = 3.0

  /// The change for one query.
  ///
  /// - Parameters:
  ///   - additive: Σ_{i∈S} τ_i.
  ///   - exact: the deletion from the ridge model behind the scores; nil without one.
  ///   - squares: Σ τ² over all training examples.
  ///   - count: examples of the group.
  ///   - unit: the calibration of the query.
  ///   - fraction: share of the training set in the bank's subsets.
  public init(
    additive: Double, exact: Double?, squares: Double, count: Int, unit: Calibration.Query,
    fraction: Double
  ) {
    let sum = -unit.slope * additive
    let deletion = exact.map { -unit.slope * $0 } ?? sum
    let agree = sum * deletion > 0
    value =
      agree ? (sum > 0 ? 1 : -1) * (abs(sum) * abs(deletion)).squareRoot() : sum
    let variance =
      Double(count) * unit.evenVariance + unit.slopeError * unit.slopeError * additive * additive
    let margin = 1.644854 * variance.squareRoot()
    low = min(sum, deletion) - margin
    high = max(sum, deletion) + margin
    let spread = (fraction * (1 - fraction) * squares).squareRoot()
    reach = spread > 0 ? abs(additive) / spread : 0
  }
}
