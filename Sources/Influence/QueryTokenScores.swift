// Letters: n training examples, T positions, p parameters.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// How the tokens of a query make up its scores.
///
/// The query's gradient is the sum over its predicted tokens, and every score is linear in it:
///
///     τ[x,i] = Σ_t τ[x_t,i],   x_t the query whose only target is token t
///
/// (`gradcos`: over the norm of the whole query.)
extension RunScorer {
  /// The parts of some scores by the query's tokens.
  ///
  /// - Parameters:
  ///   - query: one sequence.
  ///   - training: the training examples.
  ///   - rows: those of them whose scores are taken apart.
  /// - Returns: rows × T in their order: what training on the example does to the prediction of
  ///   token t, 0 for the first token and padding. A row sums to the example's score, but for
  ///   rounding.
  /// - Throws: as `tokenScores`.
  /// - Complexity: that of T queries.
  public func queryTokenScores(
    _ query: Dataset, of training: Dataset, rows: [Int]
  ) throws -> Matrix<Float> {
    precondition(query.count == 1, "\(query.count) queries")
    try training.requireTokens()
    return switch self {
    case .exact(let model): try model.queryTokenScores(query, rows: rows)
    case .features(let model, _): try model.queryTokenScores(query, rows: rows)
    }
  }
}

extension CheckpointScorer {
  /// Methods that are not defined on sequences have no parts by token.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    try tokenScores(query, rows: rows)
  }
}

extension InfluenceModel {
  /// As `RunScorer.queryTokenScores`.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    try weighted(rows) { try $0.queryTokenScores(query, rows: rows) }
  }
}

extension TRAK {
  /// κ(x_t, Z) M⁻¹ of every position t.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    let solved = ridge.solve(rows: source.tokenKernel(of: query, function, with: training))
    let parts = MatrixView(solved).transposed.matrix
    return Matrix(rows.flatMap { parts.row($0) }, rows: rows.count, columns: parts.columns)
  }
}

extension GradDot {
  /// ⟨∇f_t(x), −∇ℓ(z_i)⟩ of every position t, or that over the norms of both gradients.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    let kernel = source.tokenKernel(of: query, function, with: training.gathered(rows))
    let parts = MatrixView(kernel).transposed.matrix
    guard isCosine else { return parts }
    let square = try source.gradients(of: query, target: .output(function)).gradients
      .squaredNorms()[0]
    return parts.scaled(
      rows: rows.map {
        let product = square.squareRoot() * norms[$0]
        return product > 0 ? 1 / product : 0
      })
  }
}

extension FeatureModel {
  /// As `RunScorer.queryTokenScores`: features of each token's gradient instead of the query's.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    guard let first = checkpoints.first else { return Matrix(rows: 0, columns: 0) }
    var sum = Matrix<Float>(rows: rows.count, columns: first.source.network.outputShape[0])
    for (index, checkpoint) in checkpoints.enumerated() {
      var features = Matrix<Float>(rows: sum.columns, columns: store.columns)
      try checkpoint.source.forEachTokenBlock(of: query, options.outputFunction) {
        features.take(try checkpoint.projector.project($1), at: $0.lowerBound, meanOver: nil)
      }
      if options.method == .gradcos {
        var whole = [Float](repeating: 0, count: features.columns)
        for position in 0..<features.rows {
          for (k, value) in features.row(position).enumerated() { whole[k] += value }
        }
        let norm = VectorMath.squaredNorm(whole, count: whole.count).squareRoot()
        features.scale(by: norm > 0 ? 1 / norm : 0)
      }
      if let factor = factors[index] { features = factor.solve(rows: features.double).float }
      for (place, row) in rows.enumerated() {
        let scale = try scale(of: row, at: index)
        let own = try store.readRows(group: checkpoint.group, row..<row + 1)
        for position in 0..<features.rows {
          sum[place, position] +=
            scale
            * VectorMath.dot(
              features.storage.base + position * features.columns, own.storage.base,
              count: features.columns)
        }
      }
    }
    return sum.delayed
  }
}

extension GradientSource {
  /// ⟨∇f_t(x), g_i⟩ of every position t of one sequence with every training gradient, T × n.
  fileprivate func tokenKernel(
    of query: Dataset, _ function: OutputFunction, with training: ExampleGradients
  ) -> Matrix<Float> {
    var kernel = Matrix<Float>(rows: network.outputShape[0], columns: training.count)
    forEachTokenBlock(of: query, function) { positions, gradients in
      kernel.take(
        gradients.writtenOutWhereSmaller().exactKernel(with: training),
        at: positions.lowerBound, meanOver: nil)
    }
    return kernel
  }
}
