// Letters: n examples, s of them in the sample, C targets, e eigenvalues, V eigenvectors.
import Foundation
import LinearAlgebra
import Randomness
import Tensors

/// The eigenvalues of a kernel, and what cross-validation makes of them.
///
/// Exact for n ≤ `sampleLimit`; above that of a seeded sample of rows, whose eigenvalues times n/s
/// estimate the kernel's. Everything that follows from it says which.
public struct RidgeSpectrum: Sendable {
  /// Rows the eigen-decomposition takes at the most.
  public static let sampleLimit = 512

  /// Training examples n.
  public let count: Int
  /// The rows decomposed, all or a sample.
  public let rows: [Int]
  /// tr(K)/n over all n.
  public let meanEigenvalue: Double
  /// Eigenvalues of the decomposed rows' kernel, ascending, those below 0 by rounding as 0.
  public let eigenvalues: [Double]
  private let vectors: Matrix<Double>
  /// 1/√s of the decomposed rows; nil for 1.
  private let whitening: [Double]?

  /// The spectrum of a symmetric kernel K, or of diag(s)^(−½) K diag(s)^(−½).
  ///
  /// Ridge regression with λ·diag(s) on K is ridge regression with λI on the second.
  ///
  /// - Parameters:
  ///   - kernel: n × n, positive semi-definite up to rounding; only its lower triangle is read.
  ///   - scales: s > 0, n values; nil for 1.
  /// - Throws: `LinearAlgebraError` when the kernel is not finite or LAPACK does not converge.
  public init(kernel: Matrix<Float>, scales: [Double]? = nil) throws {
    let rows = RidgeSpectrum.sampledRows(of: kernel.rows)
    let sample = Matrix<Float>(uninitialized: rows.count, rows.count)
    for (i, row) in rows.enumerated() {
      for (j, column) in rows.enumerated() {
        sample.storage.base[i * rows.count + j] =
          kernel.storage.base[max(row, column) * kernel.columns + min(row, column)]
      }
    }
    try self.init(
      sampleKernel: sample, rows: rows, count: kernel.rows,
      meanEigenvalue: kernel.meanOfDiagonal, scales: scales)
  }

  /// The spectrum from the kernel of sampled rows alone, s × s; scales are those of all n.
  public init(
    sampleKernel: Matrix<Float>, rows: [Int], count: Int, meanEigenvalue: Double,
    scales: [Double]? = nil
  ) throws {
    let whitening = scales.map { scales in rows.map { 1 / scales[$0].squareRoot() } }
    self.whitening = whitening
    self.count = count
    self.rows = rows
    self.meanEigenvalue = meanEigenvalue
    let double = sampleKernel.double
    if let whitening {
      for i in rows.indices {
        for j in rows.indices {
          double.storage.base[i * rows.count + j] *= whitening[i] * whitening[j]
        }
      }
    }
    let eigen = try SymmetricEigen(double, name: "kernel")
    eigenvalues = eigen.values.map { max(0, $0) }
    vectors = eigen.vectors
  }

  /// The rows that are decomposed of n: all, or a seeded sample in ascending order.
  public static func sampledRows(of count: Int, seed: UInt64 = 0) -> [Int] {
    guard count > sampleLimit else { return Array(0..<count) }
    return RandomStream(seed: seed, purpose: .probe).sample(sampleLimit, of: count).sorted()
  }

  /// Whether all rows were decomposed.
  public var isExact: Bool { rows.count == count }

  /// The factor from the sample's eigenvalues to the whole kernel's.
  private var enlargement: Double { rows.isEmpty ? 1 : Double(count) / Double(rows.count) }

  /// The largest eigenvalue of the kernel (estimated from a sample).
  public var largest: Double { (eigenvalues.last ?? 0) * enlargement }

  /// (largest + λ)/(smallest + λ); infinite for a singular kernel without damping.
  public func conditionNumber(damping: Double) -> Double {
    let smallest = (isExact ? (eigenvalues.first ?? 0) : 0) + damping
    return smallest > 0 ? (largest + damping) / smallest : .infinity
  }

  /// tr(K(K + λI)⁻¹): how many directions the damping leaves.
  public func effectiveRank(damping: Double) -> Double {
    eigenvalues.reduce(0) { sum, value in
      // A direction that is not there does not count, undamped either.
      value > 0 ? sum + value * enlargement / (value * enlargement + damping) : sum
    }
  }

  /// Eigenvalues above n · ε · largest in fp32: the numerical rank of the rows decomposed.
  public var numericalRank: Int {
    let floor = Double(rows.count) * Double(Float.ulpOfOne) * (eigenvalues.last ?? 0)
    return eigenvalues.count { $0 > floor }
  }

  /// λ at the minimum of generalised cross-validation and of the leave-one-out error.
  ///
  ///     GCV(λ) = (‖λ(K + λI)⁻¹Y‖²/s) / (tr λ(K + λI)⁻¹/s)²
  ///     LOO(λ) = mean_i ‖α_i/((K + λI)⁻¹)_ii‖²,  α = (K + λI)⁻¹ Y
  ///
  /// - Parameter targets: n × C, what the ridge model on the kernel is to predict.
  /// - Returns: the best of a grid from 10⁻⁴ to 10³ mean eigenvalues, four a decade.
  /// - Source: Golub, Heath & Wahba 1979.
  public func choices(
    targets: Matrix<Double>
  ) -> (generalisedCrossValidation: Double, leaveOneOut: Double) {
    let s = rows.count
    let width = targets.columns
    let y = Matrix<Double>(uninitialized: s, width)
    for (i, row) in rows.enumerated() {
      (y.storage.base + i * width).update(
        from: targets.storage.base + row * width, count: width)
      for c in 0..<width { y.storage.base[i * width + c] *= whitening?[i] ?? 1 }
    }
    let inEigenbasis = product(MatrixView(vectors), MatrixView(y))
    let squared = Matrix<Double>(vectors.elements.map { $0 * $0 }, rows: s, columns: s)
    var best = (gcv: (Double.infinity, meanEigenvalue), loo: (Double.infinity, meanEigenvalue))
    for step in -16...12 {
      let damping = meanEigenvalue * pow(10, Double(step) / 4)
      guard damping > 0 else { continue }
      let inverse = eigenvalues.map { 1 / ($0 + damping) }
      let scaled = Matrix<Double>(
        (0..<s * width).map { inEigenbasis.storage.base[$0] * inverse[$0 / width] },
        rows: s, columns: width)
      let residual = scaled.elements.reduce(0) { $0 + damping * damping * $1 * $1 } / Double(s)
      let freedom = inverse.reduce(0) { $0 + damping * $1 } / Double(s)
      let gcv = residual / (freedom * freedom)
      let alpha = product(MatrixView(vectors).transposed, MatrixView(scaled))
      let diagonal = product(
        MatrixView(squared).transposed, MatrixView(Matrix(inverse, rows: s, columns: 1)))
      var loo = 0.0
      for i in 0..<s {
        for c in 0..<width {
          let error = alpha.storage.base[i * width + c] / diagonal.storage.base[i]
          loo += error * error / Double(s)
        }
      }
      if gcv < best.gcv.0 { best.gcv = (gcv, damping) }
      if loo < best.loo.0 { best.loo = (loo, damping) }
    }
    return (best.gcv.1, best.loo.1)
  }
}

extension Matrix where Scalar == Float {
  /// tr(K)/n, summed in double.
  var meanOfDiagonal: Double {
    let trace = (0..<rows).reduce(0.0) { $0 + Double(storage.base[$1 * columns + $1]) }
    return rows == 0 ? 0 : trace / Double(rows)
  }
}
