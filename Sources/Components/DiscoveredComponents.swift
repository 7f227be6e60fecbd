// Letters: d components.
import Foundation

/// The components whose effect is not chance, at a rate of false discoveries.
///
/// - Source: Benjamini, Hochberg 1995.
public enum DiscoveredComponents {
  /// The expected share of components without an effect among those that are found.
  public static let rate = 0.1

  /// Which of some estimates are not 0.
  ///
  /// - Parameters:
  ///   - values: d estimates.
  ///   - errors: their standard errors; where one is 0, so is the effect of its component.
  /// - Returns: d values.
  public static func found(
    _ values: [Double], errors: [Double], rate: Double = DiscoveredComponents.rate
  ) -> [Bool] {
    precondition(values.count == errors.count, "\(values.count) values, \(errors.count) errors")
    // Two-sided, of a normal distribution.
    let chances = zip(values, errors).map { value, error in
      error > 0 ? erfc(abs(value) / error / 2.0.squareRoot()) : value == 0 ? 1 : 0
    }
    let order = chances.indices.sorted { (chances[$0], $0) < (chances[$1], $1) }
    let last = order.indices.last {
      chances[order[$0]] <= rate * Double($0 + 1) / Double(max(1, values.count))
    }
    var found = [Bool](repeating: false, count: values.count)
    for place in order.prefix((last ?? -1) + 1) { found[place] = true }
    return found
  }
}
