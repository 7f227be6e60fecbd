// Letters: n training examples, M subsets, S seeds.

/// What retraining without the most helpful or most harmful examples does, beside random removal.
///
///     change(side, r, s) = v(θ_s(without r of that side)) − v(θ_s(all))
///
/// for a value v of a model, such as the mean margin of the queries. Everything is paired by seed s;
/// intervals are Student's t over the seeds' differences.
///
/// - Source: Hooker et al. 2019 (remove and retrain); METHODS.md section 7.
public struct RemovalCurves: Sendable, Codable, Equatable {
  /// One size of removal.
  public struct Point: Sendable, Codable, Equatable {
    /// Number of examples removed.
    public let removed: Int
    /// Mean change of the value against the whole training set.
    public let change: PairedMean
    /// Change less that of random removals of the same size; nil for random removal itself.
    public let againstRandom: PairedMean?
  }

  /// One side's curve.
  public struct Curve: Sendable, Codable, Equatable {
    /// Whose removal.
    public let side: SubsetRole.Side
    /// Sizes, ascending.
    public let points: [Point]
    /// Mean of `againstRandom` over the removed share, from 0 to the largest (trapezoids): negative
    /// when removal hurts more than chance; nil for random removal.
    public let area: PairedMean?
  }

  /// The value with the whole training set, mean over seeds.
  public let full: Double
  /// Top, bottom and random.
  public let curves: [Curve]

  /// The curves of a removal bank.
  ///
  /// - Parameters:
  ///   - design: a removal design.
  ///   - values: v of model (subset, seed), S lists of M.
  /// - Throws: `EvaluationError.notABank` when the full set or random removals are missing.
  public init(
    design: SubsetDesign, values: [[Double]], file: String
  ) throws(EvaluationError) {
    let roles = design.roles
    guard let base = roles.firstIndex(where: { $0.side == .full }) else {
      throw .notABank(problem: "it has no models of the whole training set", file: file)
    }
    full = mean(values.map { $0[base] })
    let sizes = Set(roles.filter { $0.side == .random }.map(\.removed)).sorted()
    guard !sizes.isEmpty else {
      throw .notABank(problem: "it has no random removals", file: file)
    }
    /// Changes by seed, S values; random removals are averaged over their draws first.
    func changes(_ side: SubsetRole.Side, _ size: Int) -> [Double] {
      let subsets = roles.indices.filter { roles[$0].side == side && roles[$0].removed == size }
      return values.map { seed in mean(subsets.map { seed[$0] - seed[base] }) }
    }
    let random = sizes.map { changes(.random, $0) }
    func curve(_ side: SubsetRole.Side) -> Curve {
      let own = sizes.map { changes(side, $0) }
      let gaps = zip(own, random).map { zip($0, $1).map { $0 - $1 } }
      let isRandom = side == .random
      return Curve(
        side: side,
        points: sizes.indices.map {
          Point(
            removed: sizes[$0], change: PairedMean(own[$0]),
            againstRandom: isRandom ? nil : PairedMean(gaps[$0]))
        },
        area: isRandom
          ? nil
          : PairedMean(
            values.indices.map { seed in
              RemovalCurves.area(sizes, gaps.map { $0[seed] })
            }))
    }
    curves = [curve(.top), curve(.bottom), curve(.random)]
  }

  /// The mean height of the curve through (0, 0) and the points.
  static func area(_ sizes: [Int], _ heights: [Double]) -> Double {
    var (sum, x, y) = (0.0, 0.0, 0.0)
    for (size, height) in zip(sizes, heights) {
      sum += (Double(size) - x) * (height + y) / 2
      (x, y) = (Double(size), height)
    }
    return x > 0 ? sum / x : 0
  }
}
