// Letters: n masks, d components, Q queries, w prior variances, r the rank.
import Evaluation
import LinearAlgebra
import Tensors

/// Ridge regression of the outputs of many queries on masks, one decomposition for all of them.
///
///     y = b + (M − M̄) β + noise,  β_i ~ N(0, σ² w_i/λ)
///     β = W Xᵀ (X W Xᵀ + λ)⁻¹ (y − ȳ),  X = M − M̄
///
/// λ is the one of a grid, ∞ (β = 0) among them, whose leave-one-out error is least; the error is
/// exact, the intercept included: e_i = (y_i − ŷ_i)/(1 − 1/n − h_i).
///
/// - Complexity: one eigendecomposition of min(n, d)², and a product of n × r × Q for each λ.
public struct MaskRidge: Sendable {
  /// β, Q × d.
  public let coefficients: Matrix<Double>
  /// λ over the mean eigenvalue of X W Xᵀ; nil: ∞.
  public let damping: Double?
  /// Leave-one-out error at λ, and at ∞, each query's divided by its variance: 1 explains nothing.
  public let error, errorWithout: Double
  /// Standard errors of the mean over the queries of β, d values, as far as the mean outputs tell.
  ///
  ///     w_i (κ (1 − Σ_j v_ij² (1 − r_j²)) + σ² Σ_j v_ij² S_j²/(S_j² + μ)²) + (β̄_i − β̄_i(μ))²
  ///
  /// with r = μ/(S² + μ). μ is chosen as λ, but for the mean output, which has less noise than those of
  /// single queries: what λ takes from β̄ beside μ is the last term. σ² is the variance that μ leaves
  /// of the mean output, κ the variance of β̄ per w before the fit: the one that μ stands for, and no
  /// less than what would explain all of σ², n σ²/Σ S². So where λ is ∞, and β = 0, the error is not 0.
  public let errors: [Double]

  /// λ over the mean eigenvalue: powers of 2, in wide steps where outputs are linear in the masks.
  public static let grid: [Double] = ([-40, -28, -20, -16] + Array(-12...20)).map { exponent in
    Double(sign: .plus, exponent: exponent, significand: 1)
  }

  /// - Parameters:
  ///   - masks: n × d.
  ///   - outputs: y, n × Q.
  ///   - priors: w, d values, 0 or more; nil: 1 each.
  ///   - scales: what each query's errors are divided by; nil: the variance of its y.
  ///   - grid: λ over the mean eigenvalue, beside ∞.
  /// - Throws: `LinearAlgebraError.nonFinite` for outputs that are not numbers.
  public init(
    masks: Matrix<Float>, outputs: Matrix<Double>, priors: [Double]? = nil,
    scales: [Double]? = nil, grid: [Double] = MaskRidge.grid
  ) throws(LinearAlgebraError) {
    let (n, d, queries) = (masks.rows, masks.columns, outputs.columns)
    precondition(outputs.rows == n, "\(n) masks, \(outputs.rows) outputs")
    let roots = priors.map { $0.map { $0.squareRoot() } } ?? [Double](repeating: 1, count: d)
    let x = MaskRidge.centered(Matrix(masks.elements.map(Double.init), rows: n, columns: d), roots)
    let y = MaskRidge.centered(outputs, nil)
    let basis = try MaskRidge.Basis(x)
    let inside = product(MatrixView(basis.left).transposed, MatrixView(y))
    let spread = MaskRidge.squares(y).map { $0 / Double(max(1, n)) }
    let scale = (scales ?? spread).map { $0 > 0 ? 1 / $0 : 0 }
    let mean = basis.values.reduce(0, +) / Double(max(1, basis.values.count))
    let outside = basis.outside(y, inside)
    func error(_ left: [Double]) -> Double {
      basis.leaveOneOut(outside, inside, left, scale)
    }
    let none = error(basis.values.map { _ in 1 })
    var best: (error: Double, damping: Double?) = (none, nil)
    for candidate in grid where mean > 0 {
      let found = error(basis.values.map { candidate * mean / ($0 + candidate * mean) })
      if found < best.error { best = (found, candidate) }
    }
    (self.error, errorWithout, damping) = (best.error, none, best.damping)
    guard let damping = best.damping else {
      coefficients = Matrix<Double>(repeating: 0, rows: queries, columns: d)
      errors = basis.errors(y, inside, nil, roots, grid.map { $0 * mean })
      return
    }
    let lambda = damping * mean
    coefficients = basis.coefficients(inside, lambda, roots)
    errors = basis.errors(y, inside, lambda, roots, grid.map { $0 * mean })
  }

  /// Columns less their means, each times its factor.
  private static func centered(_ matrix: Matrix<Double>, _ factors: [Double]?) -> Matrix<Double> {
    let (n, width) = (matrix.rows, matrix.columns)
    let result = Matrix<Double>(uninitialized: n, width)
    var means = [Double](repeating: 0, count: width)
    for row in 0..<n {
      for column in 0..<width { means[column] += matrix.storage.base[row * width + column] }
    }
    for column in 0..<width { means[column] /= Double(max(1, n)) }
    for row in 0..<n {
      for column in 0..<width {
        let value = matrix.storage.base[row * width + column] - means[column]
        result.storage.base[row * width + column] = value * (factors?[column] ?? 1)
      }
    }
    return result
  }

  /// Sums of squares of the columns.
  private static func squares(_ matrix: Matrix<Double>) -> [Double] {
    var sums = [Double](repeating: 0, count: matrix.columns)
    for row in 0..<matrix.rows {
      for column in 0..<matrix.columns {
        let value = matrix.storage.base[row * matrix.columns + column]
        sums[column] += value * value
      }
    }
    return sums
  }

  /// X = U S Vᵀ without the directions that rounding made.
  private struct Basis {
    /// U, n × r.
    let left: Matrix<Double>
    /// V, d × r.
    let right: Matrix<Double>
    /// S², r values.
    let values: [Double]

    init(_ x: Matrix<Double>) throws(LinearAlgebraError) {
      let (n, d) = (x.rows, x.columns)
      let isWide = n <= d
      let view = MatrixView(x)
      let eigen = try SymmetricEigen(
        isWide ? product(view, view.transposed) : product(view.transposed, view),
        name: "masks")
      let least = (eigen.values.last ?? 0) * 1e-10
      let kept = eigen.values.indices.filter { eigen.values[$0] > least }
      values = kept.map { eigen.values[$0] }
      let size = min(n, d)
      let own = Matrix<Double>(uninitialized: size, kept.count)
      for (column, index) in kept.enumerated() {
        for row in 0..<size {
          own.storage.base[row * kept.count + column] =
            eigen.vectors.storage.base[index * size + row]
        }
      }
      // The other side: X V / S, or Xᵀ U / S.
      let other = product(isWide ? view.transposed : view, MatrixView(own))
      for row in 0..<other.rows {
        for column in kept.indices {
          other.storage.base[row * kept.count + column] /= values[column].squareRoot()
        }
      }
      (left, right) = isWide ? (own, other) : (other, own)
    }

    /// U diag(s) B.
    private func spread(_ inside: Matrix<Double>, _ shrinkage: [Double]) -> Matrix<Double> {
      let scaled = Matrix<Double>(uninitialized: inside.rows, inside.columns)
      for row in 0..<inside.rows {
        for column in 0..<inside.columns {
          let place = row * inside.columns + column
          scaled.storage.base[place] = shrinkage[row] * inside.storage.base[place]
        }
      }
      return product(left, scaled)
    }

    /// Whether coefficients can give any outputs: then nothing of y is outside.
    private var isWhole: Bool { values.count >= left.rows - 1 }

    /// y − U Uᵀ y: what no coefficients explain.
    func outside(_ y: Matrix<Double>, _ inside: Matrix<Double>) -> Matrix<Double> {
      let result = Matrix<Double>(repeating: 0, rows: y.rows, columns: y.columns)
      if isWhole { return result }
      let explained = product(left, inside)
      for place in 0..<y.rows * y.columns {
        result.storage.base[place] = y.storage.base[place] - explained.storage.base[place]
      }
      return result
    }

    /// The mean squared leave-one-out error, each query's times its scale.
    ///
    /// Residuals and what leverages leave are sums of what λ leaves of each direction, not differences:
    /// both vanish with λ where there are fewer masks than components, their ratio does not.
    ///
    /// - Parameter rests: λ/(S² + λ) of each direction.
    func leaveOneOut(
      _ outside: Matrix<Double>, _ inside: Matrix<Double>, _ rests: [Double], _ scale: [Double]
    ) -> Double {
      let damped = spread(inside, rests)
      let (n, rank) = (outside.rows, values.count)
      var sum = 0.0
      for row in 0..<n {
        var (own, rest) = (1 - 1 / Double(n), 0.0)
        for column in 0..<rank {
          let u = left.storage.base[row * rank + column]
          own -= u * u
          rest += u * u * rests[column]
        }
        if !isWhole { rest += max(0, own) }
        // A mask that all coefficients fit exactly and that no other mask tells of.
        guard rest > 0 else { continue }
        for query in 0..<outside.columns {
          let place = row * outside.columns + query
          let e = (outside.storage.base[place] + damped.storage.base[place]) / rest
          sum += e * e * scale[query]
        }
      }
      return sum / Double(max(1, n * outside.columns))
    }

    /// β = √w V (S/(S² + λ)) Uᵀy, Q × d.
    func coefficients(
      _ inside: Matrix<Double>, _ lambda: Double, _ roots: [Double]
    ) -> Matrix<Double> {
      let rank = values.count
      let scaled = Matrix<Double>(uninitialized: rank, inside.columns)
      for row in 0..<rank {
        let factor = values[row].squareRoot() / (values[row] + lambda)
        for query in 0..<inside.columns {
          let place = row * inside.columns + query
          scaled.storage.base[place] = factor * inside.storage.base[place]
        }
      }
      let result = product(MatrixView(scaled).transposed, MatrixView(right).transposed)
      for query in 0..<result.rows {
        for column in 0..<result.columns {
          result.storage.base[query * result.columns + column] *= roots[column]
        }
      }
      return result
    }

    /// As `MaskRidge.errors`; λ nil: ∞.
    ///
    /// - Parameter candidates: for μ, beside ∞.
    func errors(
      _ y: Matrix<Double>, _ inside: Matrix<Double>, _ lambda: Double?, _ roots: [Double],
      _ candidates: [Double]
    ) -> [Double] {
      let (meanY, meanInside) = (Basis.rowMeans(y), Basis.rowMeans(inside))
      let outside = outside(meanY, meanInside)
      func shrinkage(_ damping: Double?) -> [Double] {
        values.map { value in damping.map { value / (value + $0) } ?? 0 }
      }
      func leaveOneOut(_ damping: Double?) -> Double {
        self.leaveOneOut(outside, meanInside, shrinkage(damping).map { 1 - $0 }, [1])
      }
      var best: (error: Double, damping: Double?) = (leaveOneOut(nil), nil)
      for candidate in candidates where candidate > 0 {
        let error = leaveOneOut(candidate)
        if error < best.error { best = (error, candidate) }
      }
      let own = shrinkage(best.damping)
      // The residual variance by generalised cross-validation: Σe²/(n − 1 − Σ s).
      let fitted = spread(meanInside, own)
      var squares = 0.0
      for row in 0..<meanY.rows {
        let e = meanY.storage.base[row] - fitted.storage.base[row]
        squares += e * e
      }
      let noise = squares / max(1, Double(y.rows) - 1 - own.reduce(0, +))
      let size = values.reduce(0, +)
      let prior =
        noise * max(best.damping.map { 1 / $0 } ?? 0, size > 0 ? Double(y.rows) / size : 0)
      // Along each direction: what of the prior variance stays, what noise brings in, and what the
      // two dampings differ by.
      let asked = shrinkage(lambda)
      let variances = own.indices.map { j in
        noise * own[j] * own[j] / values[j] - prior * (1 - (1 - own[j]) * (1 - own[j]))
      }
      let shifts = own.indices.map { j in
        (asked[j] - own[j]) * meanInside.storage.base[j] / values[j].squareRoot()
      }
      let rank = values.count
      return (0..<right.rows).map { row in
        var (variance, shift) = (prior, 0.0)
        for column in 0..<rank {
          let v = right.storage.base[row * rank + column]
          variance += v * v * variances[column]
          shift += v * shifts[column]
        }
        return roots[row] * (max(0, variance) + shift * shift).squareRoot()
      }
    }

    private static func rowMeans(_ matrix: Matrix<Double>) -> Matrix<Double> {
      let means = Matrix<Double>(uninitialized: matrix.rows, 1)
      for row in 0..<matrix.rows {
        var sum = 0.0
        for column in 0..<matrix.columns {
          sum += matrix.storage.base[row * matrix.columns + column]
        }
        means.storage.base[row] = sum / Double(max(1, matrix.columns))
      }
      return means
    }
  }
}
