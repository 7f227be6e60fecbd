// Letters: n training examples, L of them whose scores are taken apart.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Tensors

/// How the parameters of the network make up scores of a query.
///
/// Every method's score is linear in the query's gradient, so it is a sum over parts P of the
/// parameters of the score with the gradient's other coordinates at 0:
///
///     τ[x,i] = Σ_P τ[x_P,i],   ∇f(x_P) = ∇f(x) on P, 0 elsewhere
///
/// What damping and training examples are to one another stays that of the whole network.
/// `gradcos` is over the norm of the whole query; each method of a combination is over the spread of
/// its whole scores.
extension Ensemble {
  /// The parts of some scores by the parameters of the network.
  ///
  /// - Parameters:
  ///   - queries: the query; the mean when there are several.
  ///   - rows: the training examples whose scores are taken apart.
  /// - Returns: L × parts in their order. A row sums to the example's score, but for rounding.
  /// - Throws: `InfluenceError.notDefined` for kernels of features and of steps.
  /// - Complexity: that of a pass of the training examples for each checkpoint and method beside the
  ///   scores themselves; of `ntk-loo` for several queries one an output.
  public func partScores(
    _ queries: Dataset, rows: [Int], by partition: GradientPartition
  ) throws -> Matrix<Double> {
    try requireParts()
    var result = Matrix<Double>(repeating: 0, rows: rows.count, columns: partition.count)
    for method in options.method.parts {
      let parts = try pooledParts(queries, rows, partition, of: method)
      var factors = [Double](repeating: 1, count: rows.count)
      if method.weighs {
        let weights = try weights()
        factors = rows.map { Double(weights[$0]) }
      }
      let share = try spreadShare(queries, of: method)
      for (place, factor) in factors.enumerated() {
        for part in 0..<partition.count {
          result[place, part] += share * factor * parts[part, place]
        }
      }
    }
    return result
  }

  /// Refuses kernels whose coordinates are not those of parameters.
  ///
  /// - Throws: `InfluenceError.notDefined`.
  public func requireParts() throws(InfluenceError) {
    guard isExact else { throw .noParts }
  }

  /// What a method's scores are multiplied by in a combination; 1 for a method of its own.
  private func spreadShare(_ queries: Dataset, of method: Method) throws -> Double {
    let methods = options.method.parts.count
    guard methods > 1 else { return 1 }
    var whole = try scores(queries, mean: queries.count > 1, of: method)
    if method.weighs { whole.multiplyColumns(by: try weights()) }
    return Double(whole.inverseSpread(row: 0)) / Double(methods)
  }

  /// Parts put together over the checkpoints, parts × L.
  private func pooledParts(
    _ queries: Dataset, _ rows: [Int], _ partition: GradientPartition, of method: Method
  ) throws -> Matrix<Double> {
    var sum = Matrix<Double>(repeating: 0, rows: partition.count, columns: rows.count)
    let pooled = try CheckpointFactors(method, checkpoints)
    try forEachScorer(of: method, keeps: true) { scorer, index in
      let parts = try scorer.partScores(queries, rows: rows, by: partition)
      let factor = Double(pooled.factors[index]) * Double(pooled.scale)
      for part in 0..<parts.rows {
        for place in rows.indices { sum[part, place] += factor * parts[part, place] }
      }
    }
    return sum
  }
}

extension InfluenceError {
  /// Projected coordinates are of no parameter alone.
  static let noParts = InfluenceError.notDefined(
    name: "a score by component",
    reason: "features and steps are projections, which mix the parameters of all components",
    option: "‹kernel›")
}

extension CheckpointScorer {
  /// Methods that are not linear in the query's gradient have no parts.
  public func partScores(
    _ queries: Dataset, rows: [Int], by partition: GradientPartition
  ) throws -> Matrix<Double> {
    throw InfluenceError.notDefined(
      name: "a score by component", reason: "the method does not say what its parts are",
      option: "‹method›")
  }
}

extension RidgeModel {
  /// e_i M⁻¹ of some training examples, L × n.
  func inverse(rows: [Int], of kernel: any GradientKernel) throws -> Matrix<Float> {
    precondition(kernel.width == kernel.count, "rows of the inverse of a primal model")
    var units = Matrix<Float>(repeating: 0, rows: rows.count, columns: kernel.count)
    for (place, row) in rows.enumerated() { units[place, row] = 1 }
    return try solve(units).block(0..<kernel.count)
  }
}

extension Matrix where Scalar == Double {
  /// Each column times its factor.
  func scaled(columns factors: [Double]) -> Matrix<Double> {
    var result = self
    for row in 0..<rows {
      for (column, factor) in factors.enumerated() { result[row, column] *= factor }
    }
    return result
  }
}
