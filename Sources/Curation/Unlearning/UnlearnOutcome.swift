// Letters: K retrained networks, m examples of a set, v what a network says of an example.
import Datasets
import Networks
import Tensors

/// How far networks are from each other on three sets of examples: margins of classes, or numbers.
public struct UnlearnDistances: Sendable, Codable, Equatable {
  /// On the forgotten examples.
  public let forgotten: Double
  /// On training examples that stay.
  public let kept: Double
  /// On test examples; absent without.
  public let test: Double?

  /// The same on all sets.
  public init(forgotten: Double, kept: Double, test: Double?) {
    (self.forgotten, self.kept, self.test) = (forgotten, kept, test)
  }

  /// The distance of one network from others: of each the root of the mean square over the examples, and
  /// then the mean.
  ///
  ///     mean_k √(mean_x ‖v(x) − v_k(x)‖²)
  ///
  /// - Parameters:
  ///   - values: v of the network, one row an example.
  ///   - others: at least one.
  public init(_ values: Matrix<Float>, from others: [Matrix<Float>], _ examples: UnlearnExamples) {
    func mean(_ rows: Range<Int>) -> Double {
      others.reduce(0) { $0 + UnlearnDistances.root(values, $1, rows) } / Double(others.count)
    }
    forgotten = mean(examples.forgotten)
    kept = mean(examples.kept)
    test = examples.test.isEmpty ? nil : mean(examples.test)
  }

  /// The distance of two of the networks from each other, the mean over all pairs: what another seed alone
  /// does.
  ///
  /// - Parameter networks: at least two.
  public init(amongst networks: [Matrix<Float>], _ examples: UnlearnExamples) {
    precondition(networks.count > 1, "\(networks.count) networks")
    func mean(_ rows: Range<Int>) -> Double {
      var (sum, count) = (0.0, 0.0)
      for (place, one) in networks.enumerated() {
        for other in networks[(place + 1)...] {
          sum += UnlearnDistances.root(one, other, rows)
          count += 1
        }
      }
      return sum / count
    }
    forgotten = mean(examples.forgotten)
    kept = mean(examples.kept)
    test = examples.test.isEmpty ? nil : mean(examples.test)
  }

  private static func root(_ a: Matrix<Float>, _ b: Matrix<Float>, _ rows: Range<Int>) -> Double {
    var sum = 0.0
    for row in rows {
      for c in 0..<a.columns {
        let difference = Double(a[row, c]) - Double(b[row, c])
        sum += difference * difference
      }
    }
    return (sum / Double(max(1, rows.count))).squareRoot()
  }
}

/// What became of a network that was to forget.
public struct UnlearnOutcome: Sendable, Codable, Equatable {
  /// Whether it is like networks that never saw the examples.
  public enum Verdict: String, Sendable, Codable, CaseIterable {
    /// Of what was too far on the forgotten examples half is gone at least, and it is no further on the others.
    case unlearned
    /// It is not.
    case failed
    /// The network was as near to retrained ones before as they are to each other: nothing to forget is
    /// seen.
    case indistinct
  }

  /// How; absent of the network before.
  public let method: UnlearnMethod?
  /// Distances from retrained networks; absent where none was trained.
  public let distance: UnlearnDistances?
  /// (before − after)/(before − floor) on the forgotten examples: 1 where it is as near as another seed;
  /// absent without retrained networks, and where there is nothing to close.
  public let closed: Double?
  /// Per cent right of forgotten and of test examples; absent for numbers.
  public let forgottenRight, testRight: Double?
  /// What that says; absent of the network before, and without retrained networks.
  public let verdict: Verdict?

  /// By how much a distance may be above the floor, or above that before, and count as no further.
  static let tolerance = 1.2
  /// Below so many floors a network's distance is that of another seed.
  static let indistinct = 1.05

  /// The outcome of a method.
  ///
  /// - Parameters:
  ///   - method: nil: the network before.
  ///   - right: whether each example is predicted rightly; empty for numbers.
  ///   - distance: from retrained networks; nil: there are none.
  ///   - before: that of the network before.
  ///   - floor: that of retrained networks from each other.
  public init(
    _ method: UnlearnMethod?, right: [Bool], _ examples: UnlearnExamples,
    distance: UnlearnDistances?, before: UnlearnDistances?, floor: UnlearnDistances?
  ) {
    func perCent(_ rows: Range<Int>) -> Double? {
      guard !right.isEmpty, !rows.isEmpty else { return nil }
      return 100 * Double(rows.count { right[$0] }) / Double(rows.count)
    }
    (self.method, self.distance) = (method, distance)
    forgottenRight = perCent(examples.forgotten)
    testRight = perCent(examples.test)
    guard method != nil, let distance, let before, let floor else {
      (closed, verdict) = (nil, nil)
      return
    }
    guard before.forgotten > UnlearnOutcome.indistinct * floor.forgotten else {
      (closed, verdict) = (nil, .indistinct)
      return
    }
    let closed = (before.forgotten - distance.forgotten) / (before.forgotten - floor.forgotten)
    func isNear(_ path: (UnlearnDistances) -> Double?) -> Bool {
      guard let found = path(distance), let was = path(before), let least = path(floor) else {
        return true
      }
      return found <= UnlearnOutcome.tolerance * max(was, least)
    }
    self.closed = closed
    verdict = closed >= 0.5 && isNear { $0.kept } && isNear { $0.test } ? .unlearned : .failed
  }
}
