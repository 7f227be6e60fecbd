// Letters: n training examples, m right-hand sides, p parameters.
import Factors
import Gradients
import LinearAlgebra
import Tensors

/// (C + λ)⁻¹ g with C as a matrix, factored once: for small p.
///
/// - Complexity: p products of the curvature with directions, p³/3 flops, 2mp² a solve.
/// - Precision: C from products in fp32, made symmetric; factor and solves in fp64.
struct DenseCurvature: InverseCurvature {
  /// Parameters it goes to.
  static let mostParameters = 5_000

  let damping: DampingReport
  let notes: [String] = []
  private let factor: Cholesky<Double>
  private let widths: [Int]

  var byteCount: Int { 8 * factor.factor.count }

  /// - Throws: `InfluenceError.indefiniteCurvature` where C + λ is not positive definite.
  init(_ curvature: TrainingCurvature, rule: DampingRule, checkpoint: String) throws {
    let p = curvature.width
    widths = curvature.layout.blocks.map(\.gradientCount)
    let dense = Matrix<Double>(uninitialized: p, p)
    for rows in (0..<p).blocks(of: 128) {
      let units = Matrix<Float>(repeating: 0, rows: rows.count, columns: p)
      for (place, row) in rows.enumerated() { units.storage.base[place * p + row] = 1 }
      let products = try curvature.products(
        GradientDirections(joined: units, widths: widths)
      ).joined
      for place in 0..<products.count {
        dense.storage.base[rows.lowerBound * p + place] = Double(products.storage.base[place])
      }
    }
    var trace = 0.0
    for i in 0..<p {
      trace += dense.storage.base[i * p + i]
      for j in 0..<i {
        let mean = (dense.storage.base[i * p + j] + dense.storage.base[j * p + i]) / 2
        dense.storage.base[i * p + j] = mean
        dense.storage.base[j * p + i] = mean
      }
    }
    let mean = trace / Double(max(1, p))
    let value: Double
    if case .value(let given) = rule {
      value = given
    } else if case .timesMeanEigenvalue(let x) = rule {
      value = x * mean
    } else {
      value = mean
    }
    damping = DampingReport(rule: rule, damping: value, meanEigenvalue: mean)
    do throws(LinearAlgebraError) {
      guard value >= 0 else {
        throw .notPositiveDefinite(
          matrix: "curvature", order: p, minor: 1, damping: value)
      }
      factor = try Cholesky(consume dense, damping: value, name: "curvature")
    } catch {
      guard case .notPositiveDefinite = error else { throw error }
      throw InfluenceError.indefiniteCurvature(damping: value, checkpoint: checkpoint)
    }
  }

  func solve(_ gradients: GradientDirections) throws -> GradientDirections {
    let rows = gradients.joined
    let wide = Matrix<Double>(uninitialized: rows.rows, rows.columns)
    for k in 0..<rows.count { wide.storage.base[k] = Double(rows.storage.base[k]) }
    let solved = factor.solve(rows: consume wide)
    let rounded = Matrix<Float>(uninitialized: rows.rows, rows.columns)
    for k in 0..<rows.count { rounded.storage.base[k] = Float(solved.storage.base[k]) }
    return GradientDirections(joined: rounded, widths: widths)
  }
}
