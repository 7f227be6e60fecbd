// Letters: n masks, d components, Q queries, P slopes (Q × d), s a factor a query.
import LinearAlgebra
import Tensors

/// f(m) ≈ b + s P·(m − m̄) + β·(m − m̄): slopes that are known, and a ridge regression on the rest.
struct SlopedFit {
  /// P, Q × d.
  let slopes: Matrix<Float>
  /// s of each query: the least-squares factor of P·(m − m̄), or a given one.
  let factors: [Double]
  /// β, and how well it does.
  let ridge: MaskRidge
  /// Masks n.
  let masks: Int

  /// Fits to the outputs of a bank with gradients and of further banks.
  ///
  /// - Parameters:
  ///   - priors: variances w of β, d values; nil: 1 each.
  ///   - factor: s of all queries; nil: the least-squares one of each.
  init(
    _ slopes: Matrix<Float>, _ first: AblationBank, _ banks: [AblationBank],
    priors: [Double]? = nil, factor: Double? = nil
  ) throws {
    self.slopes = slopes
    let (masks, outputs) = SlopedFit.joined([first] + banks)
    self.masks = masks.rows
    let (n, d, queries) = (masks.rows, masks.columns, outputs.columns)
    let centered = Matrix<Float>(uninitialized: n, d)
    for column in 0..<d {
      let mean =
        (0..<n).reduce(0.0) { $0 + Double(masks.storage.base[$1 * d + column]) } / Double(n)
      for row in 0..<n {
        centered.storage.base[row * d + column] =
          Float(Double(masks.storage.base[row * d + column]) - mean)
      }
    }
    let predicted = product(MatrixView(centered), MatrixView(slopes).transposed)
    var factors = [Double](repeating: 1, count: queries)
    var scales = factors
    let rest = Matrix<Double>(uninitialized: n, queries)
    for query in 0..<queries {
      let mean = (0..<n).reduce(0.0) { $0 + outputs[$1, query] } / Double(n)
      var (zy, zz, yy) = (0.0, 0.0, 0.0)
      for row in 0..<n {
        let (z, y) = (Double(predicted[row, query]), outputs[row, query] - mean)
        zy += z * y
        zz += z * z
        yy += y * y
      }
      // A factor below 0 would say that all slopes are wrong: noise of few masks.
      let factor = factor ?? (zz > 0 ? max(0, zy / zz) : 0)
      factors[query] = factor
      scales[query] = yy / Double(n)
      for row in 0..<n {
        rest.storage.base[row * queries + query] =
          outputs[row, query] - factor * Double(predicted[row, query])
      }
    }
    self.factors = factors
    if factor != nil {
      // No factor fits a query that these masks hardly move: its errors, in units of its own
      // variance, would decide for all.
      let mean = scales.reduce(0, +) / Double(max(1, queries))
      scales = scales.map { _ in mean }
    }
    ridge = try MaskRidge(masks: masks, outputs: rest, priors: priors, scales: scales)
  }

  /// The masks and outputs of banks, one below the other.
  static func joined(_ banks: [AblationBank]) -> (Matrix<Float>, Matrix<Double>) {
    let rows = banks.reduce(0) { $0 + $1.masks.rows }
    let masks = Matrix(
      banks.flatMap(\.masks.elements), rows: rows, columns: banks.first?.masks.columns ?? 0)
    let outputs = Matrix(
      banks.flatMap(\.outputs.elements).map(Double.init), rows: rows,
      columns: banks.first?.outputs.columns ?? 0)
    return (masks, outputs)
  }

  /// τ = s P + β, Q × d.
  var scores: Matrix<Float> {
    let (queries, d) = (slopes.rows, slopes.columns)
    let result = Matrix<Float>(uninitialized: queries, d)
    for query in 0..<queries {
      for place in 0..<d {
        let cell = query * d + place
        result.storage.base[cell] = Float(
          factors[query] * Double(slopes.storage.base[cell]) + ridge.coefficients.storage.base[cell]
        )
      }
    }
    return result
  }

  /// Standard errors of the mean of τ over the queries, d values: of the slopes under few masks, and
  /// the regression's, in which are the errors of slopes that no number of masks takes away.
  ///
  /// A handful of differences says little about its own spread, and a normal distribution of what
  /// they are divided by would find effects in noise. The spread of the component's gradients joins
  /// theirs, each by its degrees of freedom ν, and what follows from it is ν/(ν − 2) as large: the
  /// variance of Student's t. More than a handful need no gradients, which of heads mislead.
  func errors(_ expected: ExpectedSlopes, _ differences: MaskDifferences) -> [Double] {
    let factor = factors.reduce(0, +) / Double(max(1, factors.count))
    let spreads = (0..<slopes.columns).map { place in
      SlopedFit.squares(expected.byMask.map { $0[place] })
    }
    var variances = spreads.map { $0.meanVariance(of: $0.count) }
    for (index, place) in differences.components.enumerated() {
      let own = SlopedFit.squares(differences.byMask[index])
      let spread = own.count > SlopedFit.handful ? own : own.joined(spreads[place])
      variances[place] = spread.meanVariance(of: own.count)
    }
    return variances.indices.map { place in
      (factor * factor * variances[place] + ridge.errors[place] * ridge.errors[place])
        .squareRoot()
    }
  }

  /// Differences of a component up to which they do not tell their spread.
  private static let handful = 8

  /// Squares of the distances to a mean, and their degrees of freedom.
  private struct Spread {
    let count: Int
    let squares, freedom: Double

    func joined(_ other: Spread) -> Spread {
      Spread(
        count: count, squares: squares + other.squares, freedom: freedom + other.freedom)
    }

    /// The variance of a mean of some values, as large as that of Student's t.
    func meanVariance(of count: Int) -> Double {
      guard freedom > 0 else { return 0 }
      return squares / max(1, freedom - 2) / Double(max(1, count))
    }
  }

  private static func squares(_ values: [Double]) -> Spread {
    let mean = values.reduce(0, +) / Double(max(1, values.count))
    return Spread(
      count: values.count, squares: values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) },
      freedom: Double(values.count - 1))
  }

  /// What was found, in a sentence.
  var sentence: String {
    let explained = 1 - ridge.error
    return "leave-one-out R² on \(masks) masks \(ComponentText.number(explained)), "
      + (ridge.damping == nil
        ? "slopes alone" : "by slopes alone \(ComponentText.number(1 - ridge.errorWithout))")
  }
}
