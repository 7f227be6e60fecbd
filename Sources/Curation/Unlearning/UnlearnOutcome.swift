// Letters: K retrained networks, m examples of a set, v what a network says of an example.
import Datasets
import Networks
import Tensors

/// How far networks are from others on three sets of examples: margins of classes, or numbers.
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

  /// How far some networks are from others beyond what seeds differ by.
  ///
  ///     D² = mean_x ‖ū(x) − r̄(x)‖² − (1/U + 1/K) mean_x Σ var_k r_k(x),   at least 0
  ///
  /// ū and r̄ are means over U and K networks. What is subtracted is what the square is expected to be where
  /// both are of one kind, the variance over seeds being that of the others: without a bias, whatever U and K.
  ///
  /// - Parameters:
  ///   - networks: v of each, one row an example; at least one.
  ///   - others: at least two.
  public init(
    _ networks: [Matrix<Float>], from others: [Matrix<Float>], _ examples: UnlearnExamples
  ) {
    func distance(_ rows: Range<Int>) -> Double {
      UnlearnDistances.systematic(networks, others, rows)
    }
    forgotten = distance(examples.forgotten)
    kept = distance(examples.kept)
    test = examples.test.isEmpty ? nil : distance(examples.test)
  }

  private static func systematic(
    _ networks: [Matrix<Float>], _ others: [Matrix<Float>], _ rows: Range<Int>
  ) -> Double {
    precondition(!networks.isEmpty && others.count > 1, "\(networks.count) and \(others.count)")
    let (u, k) = (Double(networks.count), Double(others.count))
    var (squares, variances) = (0.0, 0.0)
    for row in rows {
      for c in 0..<others[0].columns {
        let values = others.map { Double($0[row, c]) }
        let mean = values.reduce(0, +) / k
        let difference = networks.reduce(0) { $0 + Double($1[row, c]) } / u - mean
        squares += difference * difference
        variances += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (k - 1)
      }
    }
    let excess = squares - (1 / u + 1 / k) * variances
    return (max(0, excess) / Double(max(1, rows.count))).squareRoot()
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
    /// Of the distance on the forgotten examples half is gone at least, and on the others there is no more.
    case unlearned
    /// It is not.
    case failed
    /// Before, the distance was small beside what seeds differ by: nothing to forget is seen.
    case indistinct
  }

  /// How; absent of the network before.
  public let method: UnlearnMethod?
  /// Distances from retrained networks; absent where none was trained.
  public let distance: UnlearnDistances?
  /// The share of the distance on the forgotten examples that is gone; absent without retrained networks, and
  /// where there was next to none.
  public let closed: Double?
  /// Per cent right of forgotten and of test examples; absent for numbers.
  public let forgottenRight, testRight: Double?
  /// What that says; absent of the network before, and without retrained networks.
  public let verdict: Verdict?

  /// The share of the distance of two seeds below which a distance is none.
  static let negligible = 0.25

  /// The outcome of a method.
  ///
  /// - Parameters:
  ///   - method: nil: the network before.
  ///   - right: of each network whether each example is predicted rightly; empty for numbers.
  ///   - distance: from retrained networks; nil: there are none.
  ///   - before: that of the network before.
  ///   - seeds: how far two retrained networks are apart.
  public init(
    _ method: UnlearnMethod?, right: [[Bool]], _ examples: UnlearnExamples,
    distance: UnlearnDistances?, before: UnlearnDistances?, seeds: UnlearnDistances?
  ) {
    func perCent(_ rows: Range<Int>) -> Double? {
      let known = right.filter { !$0.isEmpty }
      guard !known.isEmpty, !rows.isEmpty else { return nil }
      let count = known.reduce(0) { sum, one in sum + rows.count { one[$0] } }
      return 100 * Double(count) / Double(rows.count * known.count)
    }
    (self.method, self.distance) = (method, distance)
    forgottenRight = perCent(examples.forgotten)
    testRight = perCent(examples.test)
    guard method != nil, let distance, let before, let seeds else {
      (closed, verdict) = (nil, nil)
      return
    }
    guard before.forgotten > UnlearnOutcome.negligible * seeds.forgotten else {
      (closed, verdict) = (nil, .indistinct)
      return
    }
    let closed = 1 - distance.forgotten / before.forgotten
    func isNear(_ path: (UnlearnDistances) -> Double?) -> Bool {
      guard let found = path(distance), let was = path(before), let apart = path(seeds) else {
        return true
      }
      return found <= max(was, UnlearnOutcome.negligible * apart)
    }
    self.closed = closed
    verdict = closed >= 0.5 && isNear { $0.kept } && isNear { $0.test } ? .unlearned : .failed
  }
}
