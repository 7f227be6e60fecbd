// Letters: n training examples, m queries, k features, v visits.
import Datasets
import Gradients
import Networks
import Storage
import Tensors

/// `tracin` and `graddot` on the gradients that a training kept of its own steps.
///
///     τ[x,i] = Σ_{v: row(v) = i} w_v ⟨Pᵀ∇f(x) at θ_c, −Pᵀ∇ℓ_v⟩,   c the last checkpoint not after v's step
///
/// with w_v = η_v, the rate of the step (`tracin`), or 1 over the visits of z_i (`graddot`: their
/// mean). This is one checkpoint's part; `Pooling.sum` adds them up.
///
/// - Complexity: a pass over the visits' features, 2mk flops each; memory m × n.
/// - Source: Pruthi et al. 2020 (arXiv:2002.08484), section 3.1, with the query at fewer weights.
struct StepDot: CheckpointScorer {
  private let checkpoint: StepCheckpoint
  private let function: OutputFunction
  private let count: Int
  /// −w_v of the checkpoint's visits.
  private let weights: [Float]

  init(_ context: ScoringContext, _ weight: Method.VisitWeight) throws {
    guard let checkpoint = context.checkpoint as? StepCheckpoint else {
      throw GradientError.notOfSteps(path: context.checkpoint.name)
    }
    self.checkpoint = checkpoint
    function = context.options.outputFunction
    count = context.training.count
    let visits = checkpoint.visits
    weights = checkpoint.range.map { visit in
      switch weight {
      case .rate: -visits.rates[visit]
      case .mean: -visits.shares[visits.rows[visit]]
      }
    }
  }

  var damping: DampingReport? { nil }
  var notes: [String] { [checkpoint.note] }
  var byteCount: Int { 4 * weights.count }
  var deletedRows: [Int] { [] }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    let coordinates = try features(of: queries, mean: mean)
    var scores = Matrix<Float>(rows: coordinates.rows, columns: count)
    let target = scores.writableStorage()
    let (visits, group) = (checkpoint.visits, checkpoint.visits.group)
    try visits.store.scan(
      checkpoint.range, leastRows: FeatureStoreReader.leastScanRows(queries: coordinates.rows)
    ) {
      try $0.products(group, with: coordinates)
    } inOrder: { range, products in
      for query in 0..<products.rows {
        let row = target.base + query * count
        for (place, visit) in range.enumerated() {
          row[visits.rows[visit]] += weight(visit) * products[query, place]
        }
      }
    }
    return HeldProducts(scores)
  }

  /// The diagonal: features of some training examples at a time, and a pass over the visits for each.
  func selfScores(of training: Dataset) throws -> [Float] {
    var result = [Float](repeating: 0, count: training.count)
    let width = checkpoint.projector.dimension
    let (visits, group) = (checkpoint.visits, checkpoint.visits.group)
    for rows in (0..<training.count).blocks(of: max(queryBlock, (1 << 26) / max(1, width))) {
      let own = try features(of: training.subset(Array(rows)), mean: false)
      try visits.store.scan(checkpoint.range) { block -> [Float] in
        let features = try block.matrix(group)
        return block.rows.enumerated().map { place, visit in
          let row = visits.rows[visit]
          guard rows.contains(row) else { return 0 }
          return VectorMath.dot(
            own.storage.base + (row - rows.lowerBound) * width,
            features.storage.base + place * width, count: width)
        }
      } inOrder: { range, dots in
        for (visit, dot) in zip(range, dots) { result[visits.rows[visit]] += weight(visit) * dot }
      }
    }
    return result
  }

  /// Steps keep a whole example's gradient: it has no parts by position.
  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    throw InfluenceError.notDefined(
      name: "a score by token", reason: "steps keep the gradients of whole examples",
      option: "‹kernel›")
  }

  private func weight(_ visit: Int) -> Float { weights[visit - checkpoint.range.lowerBound] }

  /// Pᵀ∇f of queries at the checkpoint, m × k, or their mean, 1 × k.
  private func features(of queries: Dataset, mean: Bool) throws -> Matrix<Float> {
    var result = Matrix<Float>(
      rows: mean ? 1 : queries.count, columns: checkpoint.projector.dimension)
    try checkpoint.source.forEachFeatures(
      of: queries, atMost: queryBlock, projector: checkpoint.projector, target: .output(function)
    ) { range, features in
      result.take(features, at: range.lowerBound, meanOver: mean ? queries.count : nil)
    }
    return result
  }
}
