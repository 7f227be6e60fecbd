// Letters: T target examples, R reference examples, d components, τ of each example.
import Foundation
import Tensors

/// An order in which components are taken away to change the outputs on a target set and spare a
/// reference set.
public enum EditScore: String, Sendable, CaseIterable, Codable {
  /// Welch's t of τ between the sets.
  ///
  ///     t_i = (mean_T τ_i − mean_R τ_i)/√(var_T/|T| + var_R/|R|)
  ///
  /// - Source: Shah et al. 2024, COAR-Edit.
  case welch
  /// What is won on the target less what is lost on the reference: ∓mean_T τ_i − max(mean_R τ_i, 0).
  case gain
  /// Greedy: the few of which τ says most are really taken away at each step, the best of them stays
  /// away (`EditSearch`).
  case verified

  /// The value of taking each component away, d values: the larger, the sooner.
  ///
  /// - Parameters:
  ///   - target: τ, T × d.
  ///   - reference: τ, R × d.
  ///   - raises: whether f is to rise on the target; else it is to fall.
  func values(_ target: Matrix<Float>, _ reference: Matrix<Float>, raises: Bool) -> [Double] {
    let aim: Double = raises ? 1 : -1
    let (t, r) = (Moments(target), Moments(reference))
    return (0..<target.columns).map { place in
      switch self {
      case .welch:
        let variance =
          t.variances[place] / Double(max(1, target.rows))
          + r.variances[place] / Double(max(1, reference.rows))
        let difference = r.means[place] - t.means[place]
        // The same in all examples of either set, and not the same in both: no chance at all.
        if variance == 0 { return difference == 0 ? 0 : aim * difference * .infinity }
        return aim * difference / variance.squareRoot()
      case .gain, .verified:
        return -aim * t.means[place] - max(r.means[place], 0)
      }
    }
  }

  /// The places by falling value, of equal ones the first.
  static func order(_ values: [Double]) -> [Int] {
    values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
  }
}

/// Means and variances of columns.
private struct Moments {
  let means, variances: [Double]

  init(_ matrix: Matrix<Float>) {
    let (n, d) = (matrix.rows, matrix.columns)
    var (sums, squares) = ([Double](repeating: 0, count: d), [Double](repeating: 0, count: d))
    for row in 0..<n {
      for place in 0..<d { sums[place] += Double(matrix.storage.base[row * d + place]) }
    }
    let means = sums.map { $0 / Double(max(1, n)) }
    for row in 0..<n {
      for place in 0..<d {
        let x = Double(matrix.storage.base[row * d + place]) - means[place]
        squares[place] += x * x
      }
    }
    self.means = means
    variances = squares.map { n > 1 ? $0 / Double(n - 1) : 0 }
  }
}
