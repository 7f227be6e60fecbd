// Letters: n training examples, m right-hand sides, p parameters, s steps, k eigenvalues kept.
import Factors
import Foundation
import Gradients
import LinearAlgebra
import Tensors

/// (C + λ)⁻¹ g in the space of C's largest eigenvalues, from a Krylov space of a random start.
///
///     C ≈ Vᵀ diag(μ) V,   (C + λ)⁻¹ g ≈ Vᵀ diag(1/(μ + λ)) V g
///
/// What is outside the k directions is dropped, as in the paper: the score is about the directions in
/// which the loss bends most, and its unit is that of their share alone. C being symmetric, Arnoldi's
/// recursion is that of Lanczos; every vector is made orthogonal to all before it, twice.
///
/// - Complexity: s passes of the training examples with one direction; 4mpk flops a solve.
/// - Source: Schioppa et al. 2022 (arXiv:2112.03052), algorithm 1.
struct ArnoldiSpace: InverseCurvature {
  let damping: DampingReport
  let notes: [String]
  /// V, k × p.
  private let vectors: Matrix<Float>
  private let inverse: [Float]
  private let widths: [Int]

  var byteCount: Int { 4 * vectors.count }

  /// - Parameters:
  ///   - steps: s; at most p.
  ///   - kept: k, the eigenvalues of largest magnitude.
  init(
    _ curvature: TrainingCurvature, damping: DampingReport, steps: Int = 200, kept: Int = 100
  ) throws {
    let p = curvature.width
    widths = curvature.layout.blocks.map(\.gradientCount)
    let most = min(steps, p)
    let basis = Matrix<Float>(uninitialized: most + 1, p)
    func row(_ s: Int) -> UnsafeMutablePointer<Float> { basis.storage.base + s * p }
    row(0).update(from: curvature.randomDirection().joined.storage.base, count: p)
    ArnoldiSpace.normalise(row(0), p)
    var (diagonal, side): ([Double], [Double]) = ([], [])
    for s in 0..<most {
      let own = Matrix<Float>(uninitialized: 1, p)
      own.storage.base.update(from: row(s), count: p)
      let next = try curvature.products(
        GradientDirections(joined: own, widths: widths)
      ).joined
      let w = next.storage.base
      diagonal.append(VectorMath.doubleDot(row(s), w, count: p))
      let size = VectorMath.doubleSquaredNorm(w, count: p).squareRoot()
      let known = MatrixView(basis).rows(0..<s + 1)
      for _ in 0..<2 {
        let shares = product(MatrixView(next), known.transposed)
        gemm(MatrixView(shares), known, into: MatrixView(next), alpha: -1, beta: 1)
      }
      let length = VectorMath.doubleSquaredNorm(w, count: p).squareRoot()
      // What is left is rounding: the space is exhausted.
      if s + 1 == most || length <= 1e-5 * max(size, 1e-30) { break }
      side.append(length)
      row(s + 1).update(from: w, count: p)
      ArnoldiSpace.normalise(row(s + 1), p)
    }
    let count = diagonal.count
    var tridiagonal = Matrix<Double>(repeating: 0, rows: count, columns: count)
    for s in 0..<count {
      tridiagonal[s, s] = diagonal[s]
      if s + 1 < count {
        tridiagonal[s + 1, s] = side[s]
        tridiagonal[s, s + 1] = side[s]
      }
    }
    let eigen = try SymmetricEigen(consume tridiagonal, name: "Krylov form of the curvature")
    let largest = eigen.values.indices.sorted { abs(eigen.values[$0]) > abs(eigen.values[$1]) }
    let chosen = Array(largest.prefix(kept)).filter { abs(eigen.values[$0]) > 0 }
    let coefficients = Matrix<Float>(uninitialized: chosen.count, count)
    for (place, j) in chosen.enumerated() {
      for s in 0..<count {
        coefficients.storage.base[place * count + s] = Float(eigen.vectors[j, s])
      }
    }
    vectors = product(MatrixView(coefficients), MatrixView(basis).rows(0..<count))
    inverse = chosen.map { Float(1 / (eigen.values[$0] + damping.damping)) }
    self.damping = damping
    let values = chosen.map { eigen.values[$0] }
    notes = [
      "arnoldi: \(chosen.count) of \(p) directions, eigenvalues \(short(values.max() ?? 0)) to "
        + "\(short(values.min() ?? 0)), from \(count) steps; what is outside of them is dropped"
    ]
  }

  private static func normalise(_ x: UnsafeMutablePointer<Float>, _ p: Int) {
    let size = VectorMath.doubleSquaredNorm(x, count: p).squareRoot()
    if size > 0 { VectorMath.scale(Float(1 / size), x, count: p) }
  }

  func solve(_ gradients: GradientDirections) throws -> GradientDirections {
    let shares = product(MatrixView(gradients.joined), MatrixView(vectors).transposed)
    for row in 0..<shares.rows {
      for (k, factor) in inverse.enumerated() {
        shares.storage.base[row * shares.columns + k] *= factor
      }
    }
    return GradientDirections(
      joined: product(MatrixView(shares), MatrixView(vectors)), widths: widths)
  }
}
