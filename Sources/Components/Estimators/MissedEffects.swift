// Letters: M random masks, d components, Q queries, c a component's effect on the mean output.
import Evaluation
import Tensors

/// How large an effect may be that an estimate has missed, from random masks.
///
///     r(m) = f(m) − τ·m          f, τ the means over the queries
///     c_i = τ_i + mean of r where i is kept − mean of r where i is taken away
///     |c_i| ≤ |ĉ_i| + t s_i      with 95 %, s_i by Welch
///
/// The bound of the components that are not among the largest is the largest of theirs: were there
/// one with a larger effect, its own bound would hold it with 95 %, whichever it is.
///
/// - Source: Kramár et al. 2024 (arXiv:2403.00745), diagnostics by subset sampling; here the
///   estimate's own prediction is taken off before, which leaves less noise.
package struct MissedEffects {
  /// Components that are looked past: the largest by the mean of |τ|.
  package let found: Int
  /// Masks M.
  package let masks: Int
  /// The largest |mean τ| of the others, and the bound of the effects that they may have.
  package let largest, bound: Double

  /// Masks that the bound is from.
  static let maskCount = 64
  /// Components that are taken for found.
  static let foundCount = 10

  /// - Throws: errors of banks; `JobCancelled`.
  package init(_ estimate: ComponentEstimate, _ study: ComponentStudy) throws {
    let bank = try study.bank("missed", study.masks(MissedEffects.maskCount, for: .outputs))
    let (weights, sizes) = (estimate.weights, estimate.magnitudes)
    let d = weights.count
    let rest = (0..<bank.masks.rows).map { row in
      let mean =
        (0..<bank.outputs.columns).reduce(0.0) { $0 + Double(bank.outputs[row, $1]) }
        / Double(max(1, bank.outputs.columns))
      return (0..<d).reduce(mean) { $0 - weights[$1] * Double(bank.masks[row, $1]) }
    }
    let order = sizes.indices.sorted { (-sizes[$0], $0) < (-sizes[$1], $1) }
    found = min(MissedEffects.foundCount, max(0, d - 1))
    masks = bank.masks.rows
    var (largest, bound) = (0.0, 0.0)
    for place in order.dropFirst(found) {
      let isKept = (0..<masks).map { bank.masks[$0, place] == 1 }
      let kept = WelchSide(zip(rest, isKept).filter { $1 }.map { $0.0 })
      let gone = WelchSide(zip(rest, isKept).filter { !$1 }.map { $0.0 })
      largest = max(largest, abs(weights[place]))
      bound = max(bound, kept.bound(weights[place] + kept.mean - gone.mean, against: gone))
    }
    (self.largest, self.bound) = (largest, bound)
  }

  /// The bound in a sentence.
  var sentence: String {
    let text = bound.isFinite ? ComponentText.number(bound) : "any size"
    return "beside the \(found) largest the largest mean effect is said to be "
      + "\(ComponentText.number(largest)); by \(masks) random masks none is above \(text) (95 %)"
  }
}

/// Values of one side of a comparison.
private struct WelchSide {
  let mean: Double
  private let count: Double
  /// s²/n; nil of fewer than two values.
  private let square: Double?

  init(_ values: [Double]) {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / max(1, n)
    (self.mean, count) = (mean, n)
    square =
      values.count > 1
      ? values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1) / n : nil
  }

  /// One-sided 95 %.
  private func quantile(_ degrees: Int) -> Double {
    StudentQuantile.both(.ninety, degrees: max(1, degrees))
  }

  /// |difference| + t s; infinite where a side is too small to tell.
  func bound(_ difference: Double, against other: WelchSide) -> Double {
    guard let a = square, let b = other.square else { return .infinity }
    let sum = a + b
    guard sum > 0 else { return abs(difference) }
    let degrees = sum * sum / (a * a / (count - 1) + b * b / (other.count - 1))
    return abs(difference) + quantile(Int(degrees)) * sum.squareRoot()
  }
}
