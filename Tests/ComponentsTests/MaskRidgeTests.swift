import Components
import Randomness
import Tensors
import Testing

@Suite("Ridge on masks")
struct MaskRidgeTests {
  struct Problem: Sendable, CustomTestStringConvertible {
    let masks, components, queries: Int
    var testDescription: String { "\(masks) masks, \(components) components" }
  }
  static let problems = [
    Problem(masks: 12, components: 5, queries: 3), Problem(masks: 7, components: 11, queries: 2),
  ]

  /// Masks, outputs of a noisy linear model, and prior variances.
  private func made(_ p: Problem) -> (Matrix<Float>, Matrix<Double>, [Double]) {
    let stream = RandomStream(seed: 8, purpose: .bootstrap, index: 5)
    var at: UInt64 = 0
    func next() -> Double {
      at += 1
      return stream.uniform(at: at)
    }
    let masks = Matrix<Float>(
      (0..<p.masks * p.components).map { _ in next() < 0.6 ? 1 : 0 }, rows: p.masks,
      columns: p.components)
    let tau = (0..<p.components * p.queries).map { _ in 2 * next() - 1 }
    let outputs = Matrix<Double>(uninitialized: p.masks, p.queries)
    for row in 0..<p.masks {
      for query in 0..<p.queries {
        outputs.storage.base[row * p.queries + query] =
          (0..<p.components).reduce(0.4 * next()) {
            $0 + Double(masks[row, $1]) * tau[$1 * p.queries + query]
          }
      }
    }
    return (masks, outputs, (0..<p.components).map { _ in 0.3 + next() })
  }

  /// b and β of the rows that are left, by elimination.
  private func plain(
    _ masks: Matrix<Float>, _ y: [Double], _ priors: [Double], _ lambda: Double, without: Int?
  ) -> [Double] {
    let d = masks.columns
    let size = d + 1
    var a = (0..<size).map { _ in [Double](repeating: 0, count: size + 1) }
    for row in 0..<masks.rows where row != without {
      let x = [1.0] + (0..<d).map { Double(masks[row, $0]) }
      for i in 0..<size {
        for j in 0..<size { a[i][j] += x[i] * x[j] }
        a[i][size] += x[i] * y[row]
      }
    }
    for i in 1..<size { a[i][i] += lambda / priors[i - 1] }
    for i in 0..<size {
      let pivot = (i..<size).max { abs(a[$0][i]) < abs(a[$1][i]) } ?? i
      a.swapAt(i, pivot)
      for row in 0..<size where row != i {
        let factor = a[row][i] / a[i][i]
        for column in i...size { a[row][column] -= factor * a[i][column] }
      }
    }
    return (0..<size).map { a[$0][size] / a[$0][$0] }
  }

  /// The mean eigenvalue of X W Xᵀ: its trace over its rank.
  private func meanEigenvalue(_ masks: Matrix<Float>, _ priors: [Double]) -> Double {
    let (n, d) = (masks.rows, masks.columns)
    var trace = 0.0
    for column in 0..<d {
      let mean = (0..<n).reduce(0.0) { $0 + Double(masks[$1, column]) } / Double(n)
      for row in 0..<n {
        trace +=
          priors[column] * (Double(masks[row, column]) - mean) * (Double(masks[row, column]) - mean)
      }
    }
    return trace / Double(min(n - 1, d))
  }

  @Test("Coefficients and leave-one-out errors are those of refits", arguments: problems)
  func exact(_ p: Problem) throws {
    let (masks, outputs, priors) = made(p)
    let fit = try MaskRidge(
      masks: masks, outputs: outputs, priors: priors,
      scales: [Double](repeating: 1, count: p.queries),
      grid: [0.125])
    let damping = try #require(fit.damping)
    let lambda = damping * meanEigenvalue(masks, priors)
    var squares = 0.0
    for query in 0..<p.queries {
      let y = (0..<p.masks).map { outputs[$0, query] }
      let whole = plain(masks, y, priors, lambda, without: nil)
      for place in 0..<p.components {
        #expect(abs(fit.coefficients[query, place] - whole[place + 1]) < 1e-9)
      }
      for row in 0..<p.masks {
        let rest = plain(masks, y, priors, lambda, without: row)
        let predicted = (0..<p.components).reduce(rest[0]) {
          $0 + rest[$1 + 1] * Double(masks[row, $1])
        }
        squares += (y[row] - predicted) * (y[row] - predicted)
      }
    }
    #expect(abs(fit.error - squares / Double(p.masks * p.queries)) < 1e-9)
  }

  @Test("Fewer masks than components: weak damping is not taken for a good fit")
  func interpolating() throws {
    let problem = Problem(masks: 9, components: 30, queries: 6)
    let (masks, outputs, priors) = made(problem)
    let scales = [Double](repeating: 1, count: 6)
    let weak = try MaskRidge(
      masks: masks, outputs: outputs, priors: priors, scales: scales, grid: [0x1p-40])
    let less = try MaskRidge(
      masks: masks, outputs: outputs, priors: priors, scales: scales, grid: [0x1p-20])
    // Where the fit goes through all outputs, the error has a limit that is not 0.
    let limit = min(weak.error, weak.errorWithout)
    #expect(abs(limit - min(less.error, less.errorWithout)) < 1e-3 * limit)
    #expect(limit > 0.05)
  }

  @Test("Noise alone is left to λ = ∞")
  func noise() throws {
    let stream = RandomStream(seed: 2, purpose: .bootstrap, index: 1)
    let masks = Matrix<Float>(
      (0..<40 * 10).map { stream.uniform(at: UInt64($0)) < 0.8 ? 1 : 0 }, rows: 40, columns: 10)
    let noise = Matrix<Double>(
      (0..<40 * 200).map { stream.uniform(at: 10_000 + UInt64($0)) }, rows: 40, columns: 200)
    let fit = try MaskRidge(masks: masks, outputs: noise)
    // Leaving one out of n, the mean misses by n/(n − 1).
    #expect(abs(fit.errorWithout - (40.0 / 39) * (40.0 / 39)) < 1e-9)
    #expect(fit.error > 0.97 * fit.errorWithout)
  }
}
