// Letters: n examples, P of them positive (planted), in order of suspicion.

/// How well a ranking finds the planted examples.
///
/// Ties share their rank: a constant score is chance (ROC AUC ½), whatever the order of the rows.
public struct DetectionMetrics: Sendable, Codable, Equatable {
  /// Chance that a planted example is ranked before another one: Mann–Whitney's U over its maximum.
  public let rocAUC: Double
  /// Σ over thresholds of precision · recall gained, as scikit-learn's `average_precision_score`.
  public let averagePrecision: Double
  /// Share of the planted examples among the first ⌈n/20⌉ inspected.
  public let foundIn5Percent: Double
  /// Share of the planted examples among the first ⌈n/10⌉ inspected.
  public let foundIn10Percent: Double
  /// Share of the planted examples among the first ⌈n/5⌉ inspected.
  public let foundIn20Percent: Double

  /// The metrics of suspicion scores, higher = more suspect.
  ///
  /// - Parameters:
  ///   - suspicion: n values; a NaN counts as least suspect.
  ///   - planted: n truths. Nil when none or all are planted: there is nothing to tell apart.
  public init?(suspicion: [Float], planted: [Bool]) {
    precondition(suspicion.count == planted.count, "\(suspicion.count) for \(planted.count)")
    let total = planted.count { $0 }
    guard total > 0 && total < planted.count else { return nil }
    let values = suspicion.map { $0.isNaN ? -Float.infinity : $0 }
    let order = values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
    var found = 0
    var seen = 0
    var area = 0.0
    var precision = 0.0
    var start = 0
    while start < order.count {
      var end = start
      var hits = 0
      while end < order.count && values[order[end]] == values[order[start]] {
        if planted[order[end]] { hits += 1 }
        end += 1
      }
      let misses = end - start - hits
      // Non-planted examples ranked strictly before count as lost pairs, tied ones as half.
      let lost = seen - found
      area += Double(hits) * (Double(planted.count - total - lost) - Double(misses) / 2)
      found += hits
      seen = end
      precision += Double(hits) / Double(total) * Double(found) / Double(seen)
      start = end
    }
    rocAUC = area / (Double(total) * Double(planted.count - total))
    averagePrecision = precision
    func share(_ percent: Int) -> Double {
      let inspected = (planted.count * percent + 99) / 100
      return Double(order.prefix(inspected).count { planted[$0] }) / Double(total)
    }
    foundIn5Percent = share(5)
    foundIn10Percent = share(10)
    foundIn20Percent = share(20)
  }

  /// Share of the planted examples found after inspecting each number of examples, 0…n.
  public static func curve(suspicion: [Float], planted: [Bool]) -> [Double] {
    let total = max(1, planted.count { $0 })
    let order = suspicion.indices.sorted { (-suspicion[$0], $0) < (-suspicion[$1], $1) }
    var found = 0
    return [0]
      + order.map { index in
        found += planted[index] ? 1 : 0
        return Double(found) / Double(total)
      }
  }
}
