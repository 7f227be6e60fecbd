// Letters: n training examples, C classes, k features.
import Datasets
import Foundation
import LinearAlgebra
import Tensors

/// What another program's model says of the training examples: probabilities that were made without
/// each example (out of fold), features of it, or both.
///
/// Predictions of the features are those of ridge regression on the one-hot labels, each without its
/// example, in closed form:
///
///     A = ΦᵀΦ + λI,  β = A⁻¹ Φᵀ(Y − Ȳ),  ℓ_i = φ_iᵀ A⁻¹ φ_i,  ŷ_i = y_i − (y_i − ȳ − φ_iᵀβ)/(1 − ℓ_i)
///
/// with λ = .2 × the mean eigenvalue of ΦΦᵀ. Of both the mean is taken.
///
/// - Source: Allen 1974 (PRESS); METHODS.md section 4, *Mislabels*.
public struct OutsideModel: Sendable {
  private let probabilities: Matrix<Float>?
  private let regression: Regression?

  /// Φ with its factor.
  private struct Regression {
    let features: Matrix<Double>
    /// A⁻¹φ_i, n × k.
    let solved: Matrix<Double>
    /// ℓ, n values.
    let leverages: [Double]
  }

  /// A model by what it said.
  ///
  /// - Parameters:
  ///   - probabilities: n × C, rows that sum to 1.
  ///   - features: n × k.
  /// - Throws: `CurationError.request` where there is neither, and for rows that are no
  ///   probabilities; `LinearAlgebraError` for features of no spread.
  public init(probabilities: Matrix<Float>?, features: Matrix<Float>?, file: String = "") throws {
    if probabilities == nil && features == nil {
      throw CurationError.request(
        problem: "neither probabilities nor features are given", field: "‹probabilities›",
        remedy: "give the file of one or both")
    }
    if let probabilities { try OutsideModel.require(probabilities, file) }
    self.probabilities = probabilities
    regression = try features.map { try OutsideModel.regression($0) }
  }

  private static func require(_ probabilities: Matrix<Float>, _ file: String) throws {
    for row in 0..<probabilities.rows {
      let values = probabilities.row(row)
      let sum = values.reduce(0, +)
      guard abs(sum - 1) <= 0.01, values.allSatisfy({ $0 >= 0 }) else {
        throw CurationError.request(
          problem: "row \(row) of \(file) sums to \(sum): these are no probabilities",
          field: "‹probabilities›", remedy: "give one probability a class, out of fold")
      }
    }
  }

  private static func regression(_ given: Matrix<Float>) throws -> Regression {
    let (n, k) = (given.rows, given.columns)
    let features = Matrix<Double>(given.elements.map { Double($0) }, rows: n, columns: k)
    let gram = lowerProduct(MatrixView(features).transposed)
    let trace = (0..<k).reduce(0) { $0 + gram[$1, $1] }
    let factor = try Cholesky(gram, damping: 0.2 * trace / Double(n), name: "Gram ΦᵀΦ of features")
    let solved = factor.solve(rows: Matrix(features.elements, rows: n, columns: k))
    let leverages = (0..<n).map { i in
      (0..<k).reduce(0) { $0 + features[i, $1] * solved[i, $1] }
    }
    return Regression(features: features, solved: solved, leverages: leverages)
  }

  /// What is predicted for each example without it, C × n, if these were the labels.
  func predictions(_ labels: [Int32], classes: Int) -> Matrix<Float> {
    let n = labels.count
    var sums = [Double](repeating: 0, count: classes * n)
    if let probabilities {
      for i in 0..<n { for c in 0..<classes { sums[c * n + i] += Double(probabilities[i, c]) } }
    }
    if let regression {
      let means = (0..<classes).map { c in
        Double(labels.count { Int($0) == c }) / Double(max(1, n))
      }
      let k = regression.features.columns
      for c in 0..<classes {
        let targets = labels.map { (Int($0) == c ? 1 : 0) - means[c] }
        // β = Σ_i A⁻¹φ_i y_i.
        var slopes = [Double](repeating: 0, count: k)
        for i in 0..<n { for f in 0..<k { slopes[f] += regression.solved[i, f] * targets[i] } }
        for i in 0..<n {
          let fitted = (0..<k).reduce(0) { $0 + regression.features[i, $1] * slopes[$1] }
          let residual = (targets[i] - fitted) / max(1 - regression.leverages[i], 1e-12)
          sums[c * n + i] += targets[i] + means[c] - residual
        }
      }
    }
    let parts = (probabilities == nil ? 0.0 : 1) + (regression == nil ? 0 : 1)
    return Matrix(sums.map { Float($0 / parts) }, rows: classes, columns: n)
  }

  /// ℓ of each example, n values: how much of its own prediction it makes, high for outliers; nil
  /// without features.
  public var leverages: [Float]? { regression.map { $0.leverages.map { Float($0) } } }
}
