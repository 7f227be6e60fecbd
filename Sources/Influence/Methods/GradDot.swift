// Letters: n training examples, m queries.
import Datasets
import Factors
import Gradients
import Networks
import Tensors

/// `graddot` and `gradcos`: products of gradients as they are.
///
///     τ[x,i] = ⟨∇f(x), −∇ℓ(z_i)⟩,   and the same over ‖∇f(x)‖ ‖∇ℓ(z_i)‖
///
/// With f = −ℓ this is g_x·g_i: by how much a descent step on z_i lowers the loss of x.
///
/// - Complexity: that of the kernel's products; of a few queries of a large network that of passes
///   over the training examples (`StreamedProducts`).
/// - Source: Charpiat et al. 2019 (arXiv:1911.08198).
struct GradDot: CheckpointScorer {
  private let context: ScoringContext
  private let function: OutputFunction
  private let isCosine: Bool
  private let held = Once<Held>()
  /// What was found where gradients were not held.
  private let streamed = Once<[String]>()

  /// The kernel, and what the cosine divides by.
  private struct Held: Sendable {
    let kernel: any GradientKernel
    /// 1/‖∇ℓ(z_i)‖, 0 for a zero gradient; nil without normalisation.
    let inverseNorms: [Float]?
  }

  init(_ context: ScoringContext) throws {
    self.context = context
    function = context.options.outputFunction
    isCosine = context.method.normalisation == .cosine
    if !StreamedProducts.suit(context) { _ = try kernel() }
  }

  private func kernel() throws -> Held {
    try held {
      let kernel = try context.kernel(.loss)
      return Held(
        kernel: kernel,
        inverseNorms: isCosine ? try kernel.squaredNorms().map(GradDot.inverse) : nil)
    }
  }

  private static func inverse(_ square: Float) -> Float { square > 0 ? 1 / square.squareRoot() : 0 }

  var damping: DampingReport? { nil }
  var notes: [String] { held.known?.kernel.notes ?? streamed.known ?? [] }
  var byteCount: Int { held.known?.kernel.byteCount ?? 0 }
  var deletedRows: [Int] { context.checkpoint.deletedRows }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    if held.known == nil, mean || queries.count <= StreamedProducts.queryLimit {
      return try streamedScores(of: queries, mean: mean)
    }
    let own = try kernel()
    let rows = try own.kernel.rows(
      of: queries, target: .output(function), mean: mean, isCosine: isCosine)
    let products = try own.kernel.products(rows)
    guard let inverseNorms = own.inverseNorms else { return products }
    return MappedProducts(base: products, rows: products.rows) { range, block in
      var block = block
      block.multiplyColumns(by: Array(inverseNorms[range]))
      return block
    }
  }

  /// The same with gradients that are not held.
  private func streamedScores(of queries: Dataset, mean: Bool) throws -> HeldProducts {
    let source = context.checkpoint.source
    let directions = try source.directions(of: queries, function, mean: mean, isUnit: isCosine)
    let found = try StreamedProducts(directions, with: context.training, source: source)
    let diagnosis = try GradientDiagnosis(
      squaredNorms: found.squaredNorms, data: context.training, checkpoint: context.checkpoint.name)
    _ = streamed { diagnosis.notes }
    var products = found.products
    if isCosine { products.multiplyColumns(by: found.squaredNorms.map(GradDot.inverse)) }
    return HeldProducts(products)
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    if function == .loss {
      let squares = try kernel().kernel.squaredNorms()
      return isCosine ? squares.map { $0 > 0 ? 1 : 0 } : squares
    }
    var result: [Float] = []
    // The diagonal by small squares on it.
    for range in (0..<training.count).blocks(of: 64) {
      let square = try scores(of: training.subset(Array(range)), mean: false).block(range)
      result += range.indices.map { square[$0 - range.lowerBound, $0 - range.lowerBound] }
    }
    return result
  }

  /// u = ∇f(x), or that over its norm; the parts are those of −∇ℓ.
  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    let own = try kernel()
    let parts = try own.kernel.positionProducts(
      try own.kernel.direction(of: queries, function, weights: try weights(of: queries)), rows: rows
    )
    guard let inverseNorms = own.inverseNorms else { return parts }
    return parts.scaled(rows: rows.map { inverseNorms[$0] })
  }

  /// ⟨∇f(x), −∇ℓ(z_i)⟩ over the parameters of each part, by the norms of the whole gradients.
  func partScores(
    _ queries: Dataset, rows: [Int], by partition: GradientPartition
  ) throws -> Matrix<Double> {
    let own = try kernel()
    let parts = try own.kernel.partSums(
      of: queries, weights: try weights(of: queries), target: .output(function), by: partition,
      .examples(rows))
    guard let inverseNorms = own.inverseNorms else { return parts }
    return parts.scaled(columns: rows.map { Double(inverseNorms[$0]) })
  }

  /// What each query's gradient is multiplied by in their mean.
  private func weights(of queries: Dataset) throws -> [Float] {
    let share = 1 / Float(queries.count)
    guard isCosine else { return [Float](repeating: share, count: queries.count) }
    return try norms(of: queries).map { $0 > 0 ? share / $0 : 0 }
  }

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
  private func norms(of data: Dataset) throws -> [Float] {
    var norms: [Float] = []
    try kernel().kernel.forEachRows(of: data, target: .output(function)) {
      norms += try $0.squaredNorms().map { $0.squareRoot() }
    }
    return norms
  }
}

extension Method {
  /// ⟨∇f(x), −∇ℓ(z_i)⟩.
  public static let graddot = Method(
    name: "graddot", title: "dot product of the query's and the example's gradient",
    source: "Charpiat et al. 2019", gradients: .loss, unit: .learningRate,
    visits: .mean, cost: { $0.kernel(.one) }, prepare: { try GradDot($0) })

  /// The cosine of the same.
  public static let gradcos = Method.graddot.normalised(
    .cosine, name: "gradcos", title: "cosine of the query's and the example's gradient")
}

extension Matrix where Scalar == Float {
  /// A matrix of zeros.
  init(rows: Int, columns: Int) { self.init(repeating: 0, rows: rows, columns: columns) }

  /// Divides element (i, j) by a_i b_j; what is divided by 0 becomes 0.
  mutating func divide(rows a: [Float], _ b: [Float]) {
    let inverse = b.map { $0 > 0 ? 1 / $0 : 0 }
    let target = writableStorage()
    for i in 0..<rows {
      let scale = a[i] > 0 ? 1 / a[i] : 0
      for j in 0..<columns { target.base[i * columns + j] *= scale * inverse[j] }
    }
  }
}
