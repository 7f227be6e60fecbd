// Letters: n training examples, T positions, p parameters.
import Datasets
import Gradients
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
  /// As the scores are linear in the query's gradient.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    try scoresOfEachToken(query, rows: rows)
  }

  /// Scores of the query with one token each as only target, at the position before it.
  func scoresOfEachToken(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    let (tokens, alone) = try query.eachToken()
    let scores = try scores(alone, mean: false)
    var parts = Matrix<Float>(rows: rows.count, columns: query.inputs.rowLength)
    for (line, token) in tokens.enumerated() {
      for (place, row) in rows.enumerated() { parts[place, token - 1] = scores[line, row] }
    }
    return parts
  }
}

extension InfluenceModel {
  /// As `RunScorer.queryTokenScores`.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    try weighted(rows) { try $0.queryTokenScores(query, rows: rows) }
  }
}

extension Dataset {
  /// A sequence once for each token that it predicts, that token the only target.
  fileprivate func eachToken() throws -> (tokens: [Int], examples: Dataset) {
    try requireTokens()
    guard case .tokens(let ids, let vocabulary) = targets else { return ([], self) }
    let width = ids.rowLength
    let length = (0..<width).first { ids[$0] < 0 } ?? width
    let tokens = Array(1..<max(1, length))
    let only = Tensor(repeating: -1, shape: [tokens.count, width])
    for (row, token) in tokens.enumerated() { only.storage.base[row * width + token] = ids[token] }
    return (
      tokens,
      Dataset(
        inputs: inputs.gathered(tokens.map { _ in 0 }),
        targets: .tokens(only, vocabulary: vocabulary))
    )
  }
}

extension GradDot {
  /// Those of `gradcos` are over the norm of the whole query, not the token's.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    var parts = try scoresOfEachToken(query, rows: rows)
    guard isCosine else { return parts }
    let (tokens, alone) = try query.eachToken()
    let whole = try norms(of: query)[0]
    for (token, norm) in zip(tokens, try norms(of: alone)) {
      for place in rows.indices { parts[place, token - 1] *= whole > 0 ? norm / whole : 0 }
    }
    return parts
  }

  /// ‖∇f‖ of every example.
  func norms(of data: Dataset) throws -> [Float] {
    var norms: [Float] = []
    try source.forEachBlock(of: data, target: .output(function)) { _, gradients, _ in
      norms += gradients.squaredNorms().map { $0.squareRoot() }
    }
    return norms
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
