import Foundation
import Tensors

/// What can be known about the eigenvalues of a matrix too large to decompose.
///
///     tr f(A) ≈ n · mean_v Σ_s w_vs f(θ_vs)
///
/// Each probe v starts a Lanczos recursion; the eigenvalues θ_vs of its tridiagonal matrix and the
/// squares w_vs of their first components are the nodes and weights of a Gauss quadrature for the
/// spectrum as v sees it.
///
/// - Source: Ubaru, Chen & Saad 2017, *Fast estimation of tr(f(A)) via stochastic Lanczos
///   quadrature*.
public struct SpectrumEstimate: Sendable {
  /// The order n of the matrix.
  public let order: Int
  /// A quadrature for each probe: nodes ascending, weights of sum 1.
  ///
  /// Exact values: a single one, with weights 1/n.
  public let quadratures: [(nodes: [Double], weights: [Double])]
  /// Whether the nodes are the eigenvalues themselves.
  public let isExact: Bool

  /// The eigenvalues themselves.
  ///
  /// - Parameters:
  ///   - matrix: n × n symmetric; only the lower triangle is read.
  ///   - name: what errors call the matrix.
  /// - Throws: as `SymmetricEigen`.
  /// - Complexity: 4n³/3 flops.
  public init<S: BLASScalar>(
    exact matrix: consuming Matrix<S>, name: String = "matrix"
  ) throws(LinearAlgebraError) {
    order = matrix.rows
    isExact = true
    let values = try SymmetricEigen.values(of: matrix, name: name)
    let weight = 1 / Double(max(1, values.count))
    quadratures = [
      (values.map { Double($0) }, [Double](repeating: weight, count: values.count))
    ]
  }

  /// A stochastic Lanczos quadrature.
  ///
  /// - Parameters:
  ///   - matrix: n × n symmetric, both triangles read.
  ///   - probes: n × b, a random vector in each column, such as independent signs ±1; b of 8 to 16
  ///     serves. Scaled to unit length here.
  ///   - steps: products with the matrix; eigenvalues at the ends are exact after 60 to 100.
  ///   - name: what errors call the matrix.
  /// - Throws: `nonFinite` when the matrix has a NaN or an infinity.
  /// - Complexity: 2n²b flops and one pass over the matrix a step, and 4nb·steps² for the
  ///   orthogonalisation; n·b·steps scalars of memory.
  /// - Precision: the trace of a smooth f has a relative standard error of order √(2 / (n b)); every
  ///   vector is orthogonalised twice against all before it. Same bits for any worker count.
  public init<S: BLASScalar>(
    _ matrix: Matrix<S>, probes: Matrix<S>, steps: Int = 80, name: String = "matrix"
  ) throws(LinearAlgebraError) {
    precondition(
      matrix.rows == matrix.columns && probes.rows == matrix.rows && probes.columns > 0,
      "\(matrix.rows) × \(matrix.columns) with probes \(probes.rows) × \(probes.columns)")
    precondition(steps > 0, "\(steps) steps")
    try requireFinite(matrix, name: name)
    order = matrix.rows
    isExact = false
    let lanczos = Lanczos(matrix, probes: probes, steps: min(steps, matrix.rows))
    var found: [(nodes: [Double], weights: [Double])] = []
    for recursion in lanczos.recursions {
      found.append(try recursion.quadrature(name: name))
    }
    quadratures = found
  }

  /// tr f(A), or its estimate.
  public func estimateTrace(_ f: (Double) -> Double) -> Double {
    var sum = 0.0
    for (nodes, weights) in quadratures {
      for (node, weight) in zip(nodes, weights) { sum += weight * f(node) }
    }
    return Double(order) * sum / Double(max(1, quadratures.count))
  }

  /// The largest eigenvalue; an estimate is never above it, but for rounding.
  public var largestEigenvalue: Double { quadratures.compactMap(\.nodes.last).max() ?? 0 }

  /// The smallest eigenvalue; an estimate is never below it, and often well above.
  public var smallestEigenvalue: Double { quadratures.compactMap(\.nodes.first).min() ?? 0 }

  /// The mean eigenvalue tr(A) / n.
  public var meanEigenvalue: Double { order == 0 ? 0 : estimateTrace { $0 } / Double(order) }

  /// tr A(A + λI)⁻¹: how many directions the damping λ leaves alive.
  ///
  /// Negative values count as 0.
  public func effectiveRank(damping: Double) -> Double {
    estimateTrace { $0 > 0 ? $0 / ($0 + damping) : 0 }
  }

  /// (λ_max + λ) / (λ_min + λ) of the damped matrix, infinite when it is singular.
  public func conditionNumber(damping: Double = 0) -> Double {
    let smallest = max(0, smallestEigenvalue) + damping
    return smallest > 0 ? (largestEigenvalue + damping) / smallest : .infinity
  }
}
