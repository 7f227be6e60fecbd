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
extension RunScorer {
  /// The parts of some scores by token.
  ///
  /// - Parameters:
  ///   - queries: the query; the mean when there are several.
  ///   - training: the training examples.
  ///   - rows: those of them whose scores are taken apart.
  /// - Returns: rows × T in their order: what predicting token t adds, 0 for the first token and
  ///   padding. A row sums to the example's score, but for rounding.
  /// - Throws: `InfluenceError.notDefined` when the examples are no sequences, and for methods that
  ///   are not defined on them.
  public func tokenScores(
    _ queries: Dataset, of training: Dataset, rows: [Int]
  ) throws -> Matrix<Float> {
    try training.requireTokens()
    return switch self {
    case .exact(let model): try model.tokenScores(queries, rows: rows)
    case .features(let model, _): try model.tokenScores(queries, of: training, rows: rows)
    }
  }
}

extension Dataset {
  /// Refuses examples whose targets are not next tokens: they have no parts by token.
  public func requireTokens() throws(InfluenceError) {
    if case .tokens = targets { return }
    throw .notDefined(
      name: "a score by token", reason: "these examples are no sequences of tokens",
      option: "--tokens")
  }

  /// The same sequences with one token each as only target.
  ///
  /// - Parameter position: from 0; the first token that is predicted is 1.
  /// - Throws: `InfluenceError.notDefined` for a position without a prediction.
  public func targeting(token position: Int) throws(InfluenceError) -> Dataset {
    guard case .tokens(let tokens, let vocabulary) = targets else {
      throw .notDefined(
        name: "token \(position)", reason: "these examples are no sequences of tokens",
        option: "--token")
    }
    let width = tokens.rowLength
    let only = Tensor(repeating: -1, shape: tokens.shape)
    for row in 0..<count {
      let length = (0..<width).first { tokens[row * width + $0] < 0 } ?? width
      guard (1..<max(1, length)).contains(position) else {
        throw .notDefined(
          name: "token \(position)",
          reason: length < 2
            ? "example \(ids[row]) predicts no token"
            : "example \(ids[row]) predicts its tokens 1 to \(length - 1) (the first is 0)",
          option: "--token")
      }
      only.storage.base[row * width + position] = tokens[row * width + position]
    }
    return Dataset(ids: ids, inputs: inputs, targets: .tokens(only, vocabulary: vocabulary))
  }
}

extension CheckpointScorer {
  /// Methods that are not defined on sequences have no parts by token.
  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    throw InfluenceError.notDefined(
      name: "a score by token", reason: "the method is not defined on sequences",
      option: "--tokens")
  }
}

extension InfluenceModel {
  /// As `RunScorer.tokenScores`.
  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    try weighted(rows) { try $0.tokenScores(queries, rows: rows) }
  }

  /// Parts by position as parts by token, the mean over the checkpoints, with example weights.
  func weighted(
    _ rows: [Int], _ parts: (any CheckpointScorer) throws -> Matrix<Float>
  ) throws -> Matrix<Float> {
    let parts = try meanOverCheckpoints(options.method) { try parts($0).delayed }
    guard options.method == .trak else { return parts }
    let weights = try weights()
    return parts.scaled(rows: rows.map { weights[$0] })
  }
}

extension TRAK {
  /// u = (φ_x − Σ_j τ_j φ_j)/λ, as M τ = κ(Z, x) gives ⟨u, φ_i⟩ = s_i τ_i.
  ///
  /// For λ = 0 it is (ΦᵀΦ)⁺ φ_x = Σ_j c_j φ_j with K c = τ, as K c = τ gives ⟨u, φ_i⟩ = τ_i.
  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    let solved = try scores(queries, mean: true)
    guard ridge.damping > 0 else {
      return source.tokenDerivatives(
        of: data.subset(rows), function,
        along: source.gradientSum(of: data, function, weights: ridge.solve(rows: solved).row(0)))
    }
    let scores = solved.row(0)
    var direction = source.gradientSum(of: data, function, weights: scores.map { -$0 })
    direction.add(scaled: source.meanGradient(of: queries, function), by: 1)
    let parts = source.tokenDerivatives(
      of: data.subset(rows), function, along: direction.scaled(by: Float(1 / ridge.damping)))
    return parts.scaled(rows: rows.map { Float(1 / (ridge.scales?[$0] ?? 1)) })
  }
}

extension GradDot {
  /// u = ∇f(x), or that over its norm; the parts are those of −∇ℓ.
  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    var weights = [Float](repeating: 1 / Float(queries.count), count: queries.count)
    if isCosine {
      for (row, norm) in try norms(of: queries).enumerated() {
        weights[row] *= norm > 0 ? 1 / norm : 0
      }
    }
    let parts = source.tokenDerivatives(
      of: data.subset(rows), .loss,
      along: source.gradientSum(of: queries, function, weights: weights))
    guard isCosine else { return parts }
    return parts.scaled(rows: rows.map { norms[$0] > 0 ? 1 / norms[$0] : 0 })
  }
}

extension FeatureModel {
  /// As `RunScorer.tokenScores`: the features of each target's gradient are made again.
  func tokenScores(
    _ queries: Dataset, of training: Dataset, rows: [Int]
  ) throws -> Matrix<Float> {
    guard let first = checkpoints.first else { return Matrix(rows: 0, columns: 0) }
    var sum = Matrix<Float>(rows: rows.count, columns: first.source.network.outputShape[0])
    let target = sum.writableStorage()
    let width = sum.columns
    for (index, checkpoint) in checkpoints.enumerated() {
      let solved = try preconditioned(queries, mean: true, at: index)
      for (place, row) in rows.enumerated() {
        let scale = try scale(of: row, at: index)
        try checkpoint.source.forEachTokenBlock(
          of: training.subset([row]), options.outputFunction
        ) { positions, gradients in
          let features = try checkpoint.projector.project(gradients)
          for (line, position) in positions.enumerated() {
            target.base[place * width + position] +=
              scale
              * VectorMath.dot(
                solved.storage.base, features.storage.base + line * features.columns,
                count: features.columns)
          }
        }
      }
    }
    return sum.delayed
  }

  /// What products with a row of the store are multiplied by, to be a checkpoint's part of a score.
  func scale(of row: Int, at index: Int) throws -> Float {
    var scale = weights[row] / Float(checkpoints.count)
    if options.method != .trak { scale *= slopes[index][row] }
    guard options.method == .gradcos else { return scale }
    let own = try store.readRows(group: checkpoints[index].group, row..<row + 1)
    let norm = VectorMath.squaredNorm(own.storage.base, count: own.columns).squareRoot()
    return norm > 0 ? scale / norm : 0
  }
}

extension GradientSource {
  /// The mean of ∇f over some examples.
  fileprivate func meanGradient(of data: Dataset, _ function: OutputFunction) -> Tensor {
    gradientSum(
      of: data, function,
      weights: [Float](repeating: 1 / Float(data.count), count: data.count))
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
