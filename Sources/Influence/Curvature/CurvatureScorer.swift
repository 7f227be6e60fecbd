// Letters: n training examples, m queries, p parameters.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// What every influence function does once the inverse of its curvature is there.
///
///     τ[x,i] = ∇f(x)ᵀ (C + λ)⁻¹ (−∇ℓ(z_i)) / n
///
/// With f = −ℓ it is g_xᵀ (C + λ)⁻¹ g_i / n. Without the example, its loss taken out of the training
/// objective and the rest as it is, f(x) changes by −τ to first order. Queries are multiplied by the
/// inverse, then all of them meet the factored gradients of the training examples in one pass.
///
/// - Complexity: that of the inverse for m queries, a pass of the training examples through the
///   network and 2mnp flops for each block of queries that fits `Memory.blockBytes`.
/// - Source: Koh & Liang 2017 (arXiv:1703.04730), the sign turned: positive = helped.
struct CurvatureScorer: CheckpointScorer {
  let source: any GradientProvider
  let training: Dataset
  let function: OutputFunction
  let normalisation: Method.Normalisation
  let inverse: any InverseCurvature
  /// What each training example's score is divided by; nil for 1.
  private let divisors: [Float]?
  private let madeNotes: [String]

  /// Makes the scorer of an inverse.
  init(
    _ context: ScoringContext,
    _ make: (any GradientProvider, Dataset) throws -> any InverseCurvature
  ) throws {
    source = context.checkpoint.source
    training = context.training
    function = context.options.outputFunction
    normalisation = context.method.normalisation
    var norms: [Float] = []
    try source.forEachBlock(of: training, target: .output(.loss)) { _, gradients, _ in
      norms += gradients.squaredNorms()
    }
    let diagnosis = try GradientDiagnosis(
      squaredNorms: norms, data: training, checkpoint: context.checkpoint.name)
    inverse = try make(source, training)
    madeNotes = diagnosis.notes
    divisors = try CurvatureScorer.divisors(normalisation, source, training, inverse)
  }

  var damping: DampingReport? { inverse.damping }
  var notes: [String] { madeNotes + inverse.notes }
  var byteCount: Int { inverse.byteCount + 4 * (divisors?.count ?? 0) }
  var deletedRows: [Int] { [] }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    var result = Matrix<Float>(rows: mean ? 1 : queries.count, columns: training.count)
    var sum: GradientDirections?
    try forEachSolved(queries) { range, solved in
      guard mean else {
        return try addProducts(solved, at: range.lowerBound, to: &result)
      }
      let even = Matrix<Float>(
        repeating: 1 / Float(queries.count), rows: 1, columns: solved.count)
      let part = GradientDirections(
        count: 1, blocks: solved.blocks.map { product(even, $0) })
      if sum == nil { sum = part } else { sum?.add(part) }
    }
    if let sum { try addProducts(sum, at: 0, to: &result) }
    result.scale(by: 1 / share)
    if let divisors { result.divide(rows: Array(repeating: 1, count: result.rows), divisors) }
    return HeldProducts(result)
  }

  /// n; 1 of cosines.
  private var share: Float { normalisation == .whitened ? 1 : Float(max(1, training.count)) }

  /// Calls `body` with (C + λ)⁻¹ ∇f of one block of queries after the other.
  private func forEachSolved(
    _ queries: Dataset, _ body: (Range<Int>, GradientDirections) throws -> Void
  ) throws {
    let size = CurvatureScorer.writtenAtATime(source)
    for range in (0..<queries.count).blocks(of: size) {
      let block = range == 0..<queries.count ? queries : queries.subset(Array(range))
      let gradients = try source.factored(block, .output(function))
      var solved = try inverse.solve(gradients)
      if normalisation == .whitened {
        solved.scale(
          rows: try inverse.squares(gradients).own.map { $0 > 0 ? Float(1 / $0.squareRoot()) : 0 })
      }
      try body(range, solved)
    }
  }

  /// Gradients of all parameters that are written out at a time.
  static func writtenAtATime(_ source: any GradientProvider) -> Int {
    max(1, min(4_096, 2 * Memory.blockBytes / max(1, 4 * source.parameterCount)))
  }

  /// One pass over the training examples for all directions.
  private func addProducts(
    _ directions: GradientDirections, at start: Int, to result: inout Matrix<Float>
  ) throws {
    let target = result.writableStorage()
    let n = training.count
    try source.forEachBlock(of: training, target: .output(.loss)) { range, gradients, _ in
      let products = inverse.seen(gradients).products(with: directions)
      for row in 0..<products.rows {
        (target.base + (start + row) * n + range.lowerBound).update(
          from: products.storage.base + row * range.count, count: range.count)
      }
    }
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    if normalisation == .whitened, function == .loss {
      return (divisors ?? []).map { $0 > 0 ? 1 : 0 }
    }
    var result: [Float] = []
    for range in (0..<training.count).blocks(of: min(256, CurvatureScorer.writtenAtATime(source))) {
      let block = training.subset(Array(range))
      let own = try source.factored(block, .output(.loss))
      if function == .loss {
        result += try inverse.squares(own).own.map { Float($0) }
      } else {
        var solved: GradientDirections?
        try forEachSolved(block) { _, part in solved = part }
        result += solved?.dots(GradientDirections(inverse.seen(own))).map { Float($0) } ?? []
      }
    }
    return result.enumerated().map { i, value in
      let divisor = divisors?[i] ?? 1
      return divisor > 0 ? value / (share * divisor) : 0
    }
  }

  /// ⟨v, −∇ℓ_t(z_i)⟩ / n for v of the mean of the queries.
  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    let direction = inverse.lifted(try meanDirection(queries))
    let network = try source.network(for: "a score by token")
    let layout = try source.factored(training.subset([rows.first ?? 0]), .output(.loss))
    let flat = direction.flat(like: layout, parameterCount: network.parameterCount)
    let parts = try network.tokenDerivatives(
      of: training.subset(rows), .loss, along: Tensor(flat.row(0), shape: [flat.columns]))
    return parts.scaled(
      rows: rows.map { row in
        let divisor = divisors?[row] ?? 1
        return divisor > 0 ? 1 / (share * divisor) : 0
      })
  }

  /// The mean over the queries of (C + λ)⁻¹ ∇f.
  private func meanDirection(_ queries: Dataset) throws -> GradientDirections {
    var sum: GradientDirections?
    try forEachSolved(queries) { _, solved in
      let even = Matrix<Float>(
        repeating: 1 / Float(queries.count), rows: 1, columns: solved.count)
      let part = GradientDirections(count: 1, blocks: solved.blocks.map { product(even, $0) })
      if sum == nil { sum = part } else { sum?.add(part) }
    }
    return sum ?? GradientDirections(count: 0, blocks: [])
  }

  /// ⟨∇f(x)_P, (C + λ)⁻¹ (−∇ℓ(z_i))⟩ / n, the query's gradient cut into parts.
  func partScores(
    _ queries: Dataset, rows: [Int], by partition: GradientPartition
  ) throws -> Matrix<Double> {
    let own = try source.factored(training.subset(rows), .output(.loss))
    let solved = inverse.lifted(try inverse.solve(own)).gradients(like: own)
    let asked = try source.factored(queries, .output(function))
    var weights = [Float](repeating: 1 / Float(queries.count), count: queries.count)
    if normalisation == .whitened {
      for (q, square) in try inverse.squares(asked).own.enumerated() {
        weights[q] *= square > 0 ? Float(1 / square.squareRoot()) : 0
      }
    }
    let written = WrittenGradient(
      summing: asked.sums(weights: Matrix(weights, rows: 1, columns: weights.count))
        .gradients(like: own), weights: [1])
    let parts = written.products(with: solved, by: partition)
    let result = Matrix<Double>(repeating: 0, rows: partition.count, columns: rows.count)
    for (place, row) in rows.enumerated() {
      let divisor = Double(divisors?[row] ?? 1) * Double(share)
      for part in 0..<partition.count where divisor > 0 {
        result.storage.base[part * rows.count + place] = parts[place, part] / divisor
      }
    }
    return result
  }
}

extension CurvatureScorer {
  /// √(g_iᵀ (C + λ)⁻¹ g_i), ‖(C + λ)⁻¹ g_i‖ or ‖g_i‖ of every training example.
  private static func divisors(
    _ normalisation: Method.Normalisation, _ source: any GradientProvider, _ training: Dataset,
    _ inverse: any InverseCurvature
  ) throws -> [Float]? {
    guard normalisation != .none else { return nil }
    var result: [Float] = []
    try source.forEachBlock(
      of: training, rows: nil, blockSize: min(256, writtenAtATime(source)),
      target: .output(.loss)
    ) { _, gradients, _ in
      switch normalisation {
      case .none: break
      case .cosine, .unit: result += gradients.squaredNorms().map { $0.squareRoot() }
      case .relative, .whitened:
        result += try inverse.squares(gradients).own.map { Float(max(0, $0).squareRoot()) }
      case .relativeParameters:
        result += try inverse.squares(gradients).solved.map { Float($0.squareRoot()) }
      }
    }
    return result
  }
}

extension GradientProvider {
  /// The gradients of all of `data` as factors, none written out.
  func factored(
    _ data: Dataset, _ target: GradientSource.Target
  ) throws -> ExampleGradients {
    var assembly = GradientAssembly(count: data.count)
    try forEachBlock(of: data, target: target) { _, gradients, _ in assembly.append(gradients) }
    return assembly.gradients()
  }
}

extension GradientDirections {
  /// The directions in the network's flat parameter order, m × p.
  ///
  /// - Parameter gradients: of the same network, for the shapes of the blocks.
  func flat(like gradients: ExampleGradients, parameterCount: Int) -> Matrix<Float> {
    let result = Matrix<Float>(rows: count, columns: parameterCount)
    for (block, values) in zip(gradients.blocks, blocks) {
      let inner = block.rightWidth - (block.bias == nil ? 0 : 1)
      for row in 0..<count {
        let target = result.storage.base + row * parameterCount
        for o in 0..<block.leftWidth {
          let source = values.storage.base + row * values.columns + o * block.rightWidth
          (target + block.weight.offset + o * inner).update(from: source, count: inner)
          if let bias = block.bias { target[bias.offset + o] = source[inner] }
        }
      }
    }
    return result
  }

  /// The directions as gradients of so many examples, each number of a row of its own.
  ///
  /// - Parameter gradients: of the same network, for the parameters of the blocks.
  func gradients(like gradients: ExampleGradients) -> ExampleGradients {
    ExampleGradients(
      count: count,
      blocks: zip(gradients.blocks, blocks).flatMap { block, values -> [FactorBlock] in
        let (o, i) = (block.leftWidth, block.rightWidth)
        func part(_ parameter: Parameter, _ columns: Range<Int>) -> FactorBlock {
          let picked = Tensor(uninitialized: [count, 1, o * columns.count])
          for row in 0..<count * o {
            (picked.storage.base + row * columns.count).update(
              from: values.storage.base + row * i + columns.lowerBound, count: columns.count)
          }
          return FactorBlock(
            weight: parameter, bias: nil,
            term: OuterProductTerm(left: .dense(picked), right: .one))
        }
        guard let bias = block.bias else { return [part(block.weight, 0..<i)] }
        return [part(block.weight, 0..<i - 1), part(bias, i - 1..<i)]
      })
  }

  /// Rows of flat parameter vectors as directions.
  init(flat rows: Matrix<Float>, like gradients: ExampleGradients) {
    let blocks = gradients.blocks.map { block in
      let inner = block.rightWidth - (block.bias == nil ? 0 : 1)
      let values = Matrix<Float>(uninitialized: rows.rows, block.gradientCount)
      for row in 0..<rows.rows {
        let source = rows.storage.base + row * rows.columns
        for o in 0..<block.leftWidth {
          let target = values.storage.base + row * values.columns + o * block.rightWidth
          target.update(from: source + block.weight.offset + o * inner, count: inner)
          if let bias = block.bias { target[inner] = source[bias.offset + o] }
        }
      }
      return values
    }
    self.init(count: rows.rows, blocks: blocks)
  }
}
