// Letters: n training examples, m queries, d numbers of a layer's gradient.
import Datasets
import Factors
import Gradients
import Networks
import Tensors

/// The inverse of the empirical Fisher matrix with inverse and mean exchanged, layer by layer.
///
///     (mean_i g_i g_iᵀ + λ)⁻¹ ≈ mean_i (g_i g_iᵀ + λ)⁻¹ = (1/λ) (I − mean_i g_i g_iᵀ / (λ + ‖g_i‖²))
///
/// A gradient needs its products with those of all training examples and a sum of these: one pass.
/// λ of a layer is a tenth of mean ‖g_i‖²/d, its mean eigenvalue, unless it is asked for. What the
/// exchange leaves out grows with the layer's width.
///
/// - Complexity: 4mnp flops and a pass of the training examples, beside that of the scores.
/// - Source: Kwon et al. 2024 (arXiv:2310.00902), (5).
struct DataInf: InverseCurvature {
  let damping: DampingReport
  let notes: [String]
  private let source: any GradientProvider
  private let training: Dataset
  /// λ of each block.
  private let dampings: [Double]
  /// ‖g_i‖² by block, n each.
  private let squares: [[Float]]

  var byteCount: Int { 4 * squares.count * training.count }

  init(_ context: ScoringContext, source: any GradientProvider, training: Dataset) throws {
    (self.source, self.training) = (source, training)
    var squares: [[Float]] = []
    var (names, widths): ([String], [Int]) = ([], [])
    try source.forEachBlock(of: training, target: .output(.loss)) { _, gradients, _ in
      if squares.isEmpty {
        squares = gradients.blocks.map { _ in [] }
        names = gradients.blocks.map(\.weight.name)
        widths = gradients.blocks.map(\.gradientCount)
      }
      for (b, block) in gradients.blocks.enumerated() {
        squares[b] += ExampleGradients(count: gradients.count, blocks: [block]).squaredNorms()
      }
    }
    self.squares = squares
    let means = squares.enumerated().map { b, norms in
      norms.reduce(0.0) { $0 + Double($1) } / Double(max(1, norms.count)) / Double(widths[b])
    }
    let count = Double(max(1, widths.reduce(0, +)))
    let mean = zip(means, widths).reduce(0) { $0 + $1.0 * Double($1.1) } / count
    guard mean > 0 else { throw InfluenceError.allZero(checkpoint: context.checkpoint.name) }
    let rule = context.options.damping
    let dampings = means.map { own in
      if case .value(let value) = rule { return value }
      if case .timesMeanEigenvalue(let x) = rule { return x * own }
      return own
    }
    guard rule != .value(0) else {
      throw InfluenceError.notDefined(
        name: "damping 0", reason: "datainf divides by it", option: "‹damping›")
    }
    self.dampings = dampings
    let overall = zip(dampings, widths).reduce(0) { $0 + $1.0 * Double($1.1) } / count
    damping = DampingReport(rule: rule, damping: overall, meanEigenvalue: mean)
    let least = dampings.indices.min { dampings[$0] < dampings[$1] } ?? 0
    let most = dampings.indices.max { dampings[$0] < dampings[$1] } ?? 0
    if case .value = rule {
      notes = []
    } else {
      notes = [
        "λ is set layer by layer, from \(short(dampings[least])) (\(names[least])) to "
          + "\(short(dampings[most])) (\(names[most])); above is their mean"
      ]
    }
  }

  func solve(_ gradients: GradientDirections) throws -> GradientDirections {
    var result = gradients
    let n = Double(training.count)
    try source.forEachBlock(of: training, target: .output(.loss)) { range, own, _ in
      var weights = own.blockProducts(with: gradients)
      for b in weights.indices {
        weights[b].multiplyColumns(
          by: range.map { i in
            let sum = dampings[b] + Double(squares[b][i])
            return sum > 0 ? Float(-1 / (n * sum)) : 0
          })
      }
      result.add(own.sums(blockWeights: weights))
    }
    for b in result.blocks.indices {
      result.blocks[b].scale(by: dampings[b] > 0 ? Float(1 / dampings[b]) : 0)
    }
    return result
  }
}

extension Method {
  /// The empirical Fisher matrix with inverse and mean exchanged.
  public static let dataInf = Method(
    name: "datainf",
    title: "influence function by the empirical Fisher matrix, inverse and mean exchanged",
    source: "Kwon et al. 2024", gradients: .loss, unit: .change, needs: [.damping, .layers],
    cost: { $0.influence(sweeps: 3) },
    prepare: { context in
      try CurvatureScorer(context) { source, training in
        try DataInf(context, source: source, training: training)
      }
    })
}
