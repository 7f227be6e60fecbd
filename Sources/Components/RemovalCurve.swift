// Letters: d components, Q queries, M masks.
import Foundation
import Randomness
import Tensors

/// f, mean over the queries, as more and more components are taken away, beside what τ says of it.
///
///     f̂(removed) = f(nothing removed) − Σ_{i removed} τ_i
///
/// Where f and f̂ part the effects of components no longer add.
public struct RemovalCurve: Sendable, Equatable {
  /// In which order components are taken away.
  public enum Order: String, Sendable, CaseIterable {
    /// The largest mean τ first.
    case best
    /// The least mean τ first: those that hold f down, then those that do nothing.
    case worst
    /// Random orders, their mean.
    case random
  }

  /// f after so many were taken away.
  public struct Point: Sendable, Equatable {
    /// Components that are taken away.
    public let removed: Int
    /// f as it is.
    public let output: Double
    /// f̂.
    public let predicted: Double
  }

  /// f with nothing taken away.
  public let full: Double
  /// Components d.
  public let components: Int
  /// The points of each order, in ascending numbers.
  public let points: [Order: [Point]]

  /// The largest share that is taken away.
  public static let largestShare = 0.4
  /// Points of an order, at the most.
  static let pointCount = 12
  /// How many random orders.
  static let randomOrders = 4

  /// Numbers of components that are taken away: powers, as far apart as `pointCount` allows.
  ///
  /// - Returns: ascending, each once, from 1 to 40 % of d, at least 1.
  static func numbers(of d: Int) -> [Int] {
    let last = max(1, Int(largestShare * Double(d)))
    let found = (0..<pointCount).map { step in
      Int(pow(Double(last), Double(step) / Double(pointCount - 1)).rounded())
    }
    return Set(found).sorted()
  }
}

extension ComponentStudy {
  /// Takes components away in the order of an estimate, in the opposite one, and at random.
  ///
  /// Its masks are a bank of their own, and none of the estimate's passes.
  ///
  /// - Throws: as `bank`.
  public func removalCurve(_ estimate: ComponentEstimate) throws -> RemovalCurve {
    let weights = estimate.weights
    let best = weights.indices.sorted { (-weights[$0], $0) < (-weights[$1], $1) }
    let random = (0..<RemovalCurve.randomOrders).map { MaskDesign.order(count, seed: seed, $0) }
    let numbers = RemovalCurve.numbers(of: count)
    let orders: [(order: RemovalCurve.Order, places: [Int])] =
      [(.best, best), (.worst, best.reversed())] + random.map { (.random, $0) }
    let masks = MaskDesign.without(
      [[]] + orders.flatMap { order in numbers.map { Array(order.places.prefix($0)) } }, of: count)
    let bank = try bank("removal", masks, counts: false)
    let means = (0..<masks.rows).map { row in
      (0..<outputs.count).reduce(0.0) { $0 + Double(bank.outputs[row, $1]) }
        / Double(max(1, outputs.count))
    }
    var found: [RemovalCurve.Order: [RemovalCurve.Point]] = [:]
    for order in RemovalCurve.Order.allCases {
      let own = orders.indices.filter { orders[$0].order == order }
      func mean(_ value: (Int) -> Double) -> Double {
        own.reduce(0) { $0 + value($1) } / Double(own.count)
      }
      found[order] = numbers.enumerated().map { step, number in
        RemovalCurve.Point(
          removed: number, output: mean { means[1 + $0 * numbers.count + step] },
          predicted: means[0]
            - mean { orders[$0].places.prefix(number).reduce(0) { $0 + weights[$1] } })
      }
    }
    return RemovalCurve(full: means[0], components: count, points: found)
  }
}
