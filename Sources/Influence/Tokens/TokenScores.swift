// Letters: n training examples, T positions, p parameters.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// How the targets of training sequences make up their scores.
///
/// A sequence's gradient is the sum of its targets' gradients and every score is linear in it, so
///
///     τ[x,i] = Σ_t τ[x,i,t],    τ[x,i,t] = ⟨u, ∇f_t(z_i)⟩ · D_i,   τ[x,i] = ⟨u, ∇f(z_i)⟩ · D_i
///
/// with one direction u of the parameters a query and checkpoint.
extension Ensemble {
  /// The parts of some scores by token.
  ///
  /// - Parameters:
  ///   - queries: the query; the mean when there are several.
  ///   - rows: the training examples whose scores are taken apart.
  /// - Returns: rows × T in their order: what predicting token t adds, 0 for the first token and
  ///   padding. A row sums to the example's score, but for rounding.
  /// - Throws: `InfluenceError.notDefined` when the examples are no sequences, and for methods that
  ///   are not defined on them.
  public func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    try tokenParts(rows) { try $0.tokenScores(queries, rows: rows) }
  }

  /// Parts by position as parts by token, put together over the checkpoints, with example weights.
  func tokenParts(
    _ rows: [Int], _ parts: (any CheckpointScorer) throws -> Matrix<Float>
  ) throws -> Matrix<Float> {
    try training.requireTokens()
    guard case .scorer = options.method.form else {
      throw InfluenceError.notDefined(
        name: "a score by token", reason: "the method is not defined on sequences",
        option: "‹byToken›")
    }
    let pooled = try CheckpointFactors(options.method, checkpoints)
    var sum: Matrix<Float>?
    try forEachScorer(of: options.method, keeps: true) { scorer, index in
      let part = try parts(scorer).delayed
      if sum == nil { sum = Matrix(rows: part.rows, columns: part.columns) }
      sum?.add(part, times: pooled.factors[index])
    }
    guard var sum else { return Matrix(rows: 0, columns: 0) }
    if pooled.scale != 1 { sum.scale(by: pooled.scale) }
    guard options.method.weighs else { return sum }
    let weights = try weights()
    return sum.scaled(rows: rows.map { weights[$0] })
  }
}

extension Dataset {
  /// Refuses examples whose targets are not next tokens: they have no parts by token.
  ///
  /// - Parameter option: what asked for them.
  public func requireTokens(option: String = "‹byToken›") throws(InfluenceError) {
    if case .tokens = targets { return }
    throw .notDefined(
      name: option == "‹byToken›" ? "a score by token" : "an output by token",
      reason: "these examples are no sequences of tokens", option: option)
  }

  /// The same sequences with one token each as only target.
  ///
  /// - Parameter position: from 0; the first token that is predicted is 1.
  /// - Throws: `InfluenceError.notDefined` for a position without a prediction.
  public func targeting(token position: Int) throws(InfluenceError) -> Dataset {
    guard case .tokens(let tokens, let vocabulary) = targets else {
      throw .notDefined(
        name: "token \(position)", reason: "these examples are no sequences of tokens",
        option: "‹token›")
    }
    let width = tokens.rowLength
    let only = Tensor(repeating: -1, shape: tokens.shape)
    for row in 0..<count {
      // Of a prompt and its completion the completion's alone.
      let predicted = (1..<max(1, width)).filter { tokens[row * width + $0] >= 0 }
      guard predicted.contains(position) else {
        throw .notDefined(
          name: "token \(position)",
          reason: predicted.isEmpty
            ? "example \(ids[row]) predicts no token"
            : "example \(ids[row]) predicts its tokens \(predicted[0]) to "
              + "\(predicted[predicted.count - 1]) (the first is 0)",
          option: "‹token›")
      }
      only.storage.base[row * width + position] = tokens[row * width + position]
    }
    return Dataset(ids: ids, inputs: inputs, targets: .tokens(only, vocabulary: vocabulary))
  }
}

extension CheckpointScorer {
  /// Methods that are not defined on sequences have no parts by token.
  public func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    throw InfluenceError.notDefined(
      name: "a score by token", reason: "the method is not defined on sequences",
      option: "‹byToken›")
  }
}

extension Matrix where Scalar == Float {
  /// Columns one to the right: from the position that predicts to the token that is predicted.
  var delayed: Matrix<Float> {
    let result = Matrix<Float>(repeating: 0, rows: rows, columns: columns)
    guard columns > 1 else { return result }
    for row in 0..<rows {
      (result.storage.base + row * columns + 1).update(
        from: storage.base + row * columns, count: columns - 1)
    }
    return result
  }

  /// Each row times its factor.
  func scaled(rows factors: [Float]) -> Matrix<Float> {
    var result = self
    let target = result.writableStorage()
    for (row, factor) in factors.enumerated() {
      VectorMath.scale(factor, target.base + row * columns, count: columns)
    }
    return result
  }
}
