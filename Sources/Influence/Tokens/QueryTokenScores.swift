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
extension Ensemble {
  /// The parts of some scores by the query's tokens.
  ///
  /// - Parameters:
  ///   - query: one sequence.
  ///   - rows: the training examples whose scores are taken apart.
  /// - Returns: rows × T in their order: what training on the example does to the prediction of
  ///   token t, 0 for the first token and padding. A row sums to the example's score, but for
  ///   rounding.
  /// - Throws: as `tokenScores`.
  /// - Complexity: that of T queries.
  public func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    precondition(query.count == 1, "\(query.count) queries")
    return try tokenParts(rows) { try $0.queryTokenScores(query, rows: rows) }
  }
}

extension CheckpointScorer {
  /// As the scores are linear in the query's gradient.
  public func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    try scoresOfEachToken(query, rows: rows)
  }

  /// Scores of the query with one token each as only target, at the position before it.
  func scoresOfEachToken(_ query: Dataset, rows: [Int]) throws -> Matrix<Float> {
    let (tokens, alone) = try query.eachToken()
    let scores = try scores(of: alone, mean: false)
    var parts = Matrix<Float>(rows: rows.count, columns: query.inputs.rowLength)
    for (place, row) in rows.enumerated() {
      let own = try scores.block(row..<row + 1)
      for (line, token) in tokens.enumerated() { parts[place, token - 1] = own[line, 0] }
    }
    return parts
  }
}

extension Dataset {
  /// A sequence once for each token that it predicts, that token the only target.
  func eachToken() throws -> (tokens: [Int], examples: Dataset) {
    try requireTokens()
    guard case .tokens(let ids, let vocabulary) = targets else { return ([], self) }
    let width = ids.rowLength
    // Of a prompt and its completion the completion's alone.
    let tokens = (1..<max(1, width)).filter { ids[$0] >= 0 }
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
