// Letters: n training examples, m queries, O and I widths of a layer, k numbers of a side.
import Datasets
import Factors
import Foundation
import Gradients
import LinearAlgebra
import Networks
import Randomness
import Tensors

/// `logra` and `trackstar`: the Fisher matrix of gradients whose sides are projected, layer by layer.
///
///     ĝ_i = vec((P_out D_iᵀ)(A_i P_inᵀ)),   F̂ = mean_i ĝ_i ĝ_iᵀ,   τ[x,i] = Σ_layers ĝ_xᵀ (F̂ + λ)⁻¹ ĝ_i / n
///
/// The sides have entries N(0, 1/k), k = `side` (or the layer's own width without a projection where
/// that is less). F̂ is at the labels of the data, a matrix of k² numbers a layer and side, factored.
/// λ is a tenth of a layer's mean eigenvalue unless it is asked for. Weights without two dense sides
/// (norm scales, biases of their own, embeddings) are left out, which a note says.
/// `trackstar` divides by the lengths of both in this metric: a cosine. Of the paper's mixed Gram
/// matrix it takes the training examples' part alone, since a score must not depend on which queries
/// are asked beside.
///
/// - Complexity: n(k⁴ + Tk(O + I)) flops a layer, k⁶/3 for the factor; 2mnk² for scores.
/// - Source: Choe et al. 2024 (arXiv:2405.13954); Chang et al. 2024 (arXiv:2410.17413).
struct ProjectedFisher: InverseCurvature {
  /// One layer.
  private struct Layer {
    /// Its place among the gradients' blocks.
    let block: Int
    /// P, k × O and k × I.
    let left, right: Matrix<Float>
    var factor: Cholesky<Double>?
  }

  /// Numbers of a side.
  static let side = 24

  let damping: DampingReport
  let notes: [String]
  private let layers: [Layer]
  private let shapes: ExampleGradients

  var byteCount: Int {
    layers.reduce(0) {
      $0 + 8 * ($1.factor?.factor.count ?? 0) + 4 * ($1.left.count + $1.right.count)
    }
  }

  init(_ context: ScoringContext, source: any GradientProvider, training: Dataset) throws {
    shapes = try source.factored(training.subset([0]), .output(.loss))
    var layers = shapes.blocks.enumerated().filter(\.element.isDense).map { b, block in
      Layer(
        block: b, left: ProjectedFisher.projection(of: block.leftWidth, index: 2 * b),
        right: ProjectedFisher.projection(of: block.rightWidth, index: 2 * b + 1))
    }
    guard !layers.isEmpty else {
      throw InfluenceError.notDefined(
        name: context.method.name, reason: "no layer's gradient has two sides to project",
        option: "‹method›")
    }
    var sums = layers.map { layer in
      let width = layer.left.rows * layer.right.rows
      return Matrix<Double>(repeating: 0, rows: width, columns: width)
    }
    try source.forEachBlock(of: training, target: .output(.loss)) { _, gradients, _ in
      let projected = ProjectedFisher.projected(gradients, layers)
      for (l, block) in projected.blocks.enumerated() {
        addSymmetricProduct(
          ofTransposed: MatrixView(block.fullGradients(count: gradients.count)),
          to: MatrixView(sums[l]))
      }
    }
    let rule = context.options.damping
    let n = Double(max(1, training.count))
    var (all, traces, count) = (0.0, 0.0, 0.0)
    for l in layers.indices {
      var sum = sums[l]
      sums[l] = Matrix(rows: 0, columns: 0)
      let width = sum.rows
      let storage = sum.writableStorage()
      for k in 0..<storage.count { storage.base[k] /= n }
      let trace = (0..<width).reduce(0.0) { $0 + storage.base[$1 * width + $1] }
      var value = trace / Double(width)
      if case .value(let given) = rule { value = given }
      if case .timesMeanEigenvalue(let x) = rule { value *= x }
      (all, traces) = (all + value * Double(width), traces + trace)
      count += Double(width)
      // A layer whose gradients are all zero adds nothing.
      if trace > 0 {
        layers[l].factor = try Cholesky(
          consume sum, damping: value,
          name: "projected Fisher matrix of \(shapes.blocks[layers[l].block].weight.name)")
      }
    }
    guard traces > 0 else { throw InfluenceError.allZero(checkpoint: context.checkpoint.name) }
    self.layers = layers
    damping = DampingReport(
      rule: rule, damping: all / count, meanEigenvalue: traces / count)
    let left = shapes.blocks.filter { !$0.isDense }.map(\.weight.name)
    notes =
      [
        "gradients are projected to \(layers.map { $0.left.rows * $0.right.rows }.reduce(0, +)) numbers, "
          + "at most \(ProjectedFisher.side) × \(ProjectedFisher.side) a layer"
      ]
      + (left.isEmpty
        ? []
        : [
          "left out, having no pair of dense sides: " + left.prefix(4).joined(separator: ", ")
            + (left.count > 4 ? ", … (\(left.count) in all)" : "")
        ])
  }

  /// A seeded Gaussian matrix, k × width; the identity where the width is at most k.
  private static func projection(of width: Int, index: Int) -> Matrix<Float> {
    let k = min(side, width)
    var result = Matrix<Float>(repeating: 0, rows: k, columns: width)
    if k == width {
      for i in 0..<k { result[i, i] = 1 }
      return result
    }
    RandomStream(seed: 0, purpose: .projection, index: UInt64(1 << 32 + index)).fillGaussian(
      result.storage.base, count: result.count, scale: 1 / Float(k).squareRoot())
    return result
  }

  private static func projected(
    _ gradients: ExampleGradients, _ layers: [Layer]
  ) -> ExampleGradients {
    ExampleGradients(
      count: gradients.count,
      blocks: layers.map {
        gradients.blocks[$0.block].rotated(
          count: gradients.count, left: $0.left, right: $0.right)
      })
  }

  func seen(_ gradients: ExampleGradients) -> ExampleGradients {
    ProjectedFisher.projected(gradients, layers)
  }

  func solve(_ gradients: ExampleGradients) throws -> GradientDirections {
    try solve(GradientDirections(seen(gradients)))
  }

  /// Of gradients that are projected.
  func solve(_ gradients: GradientDirections) throws -> GradientDirections {
    GradientDirections(
      count: gradients.count,
      blocks: zip(layers, gradients.blocks).map { layer, rows in
        guard let factor = layer.factor else {
          return Matrix<Float>(rows: rows.rows, columns: rows.columns)
        }
        let wide = Matrix<Double>(uninitialized: rows.rows, rows.columns)
        for k in 0..<rows.count { wide.storage.base[k] = Double(rows.storage.base[k]) }
        let solved = factor.solve(rows: consume wide)
        let result = Matrix<Float>(uninitialized: rows.rows, rows.columns)
        for k in 0..<rows.count { result.storage.base[k] = Float(solved.storage.base[k]) }
        return result
      })
  }

  func squares(_ gradients: ExampleGradients) throws -> (own: [Double], solved: [Double]) {
    let written = GradientDirections(seen(gradients))
    let solved = try solve(written)
    return (written.dots(solved), solved.dots(solved))
  }

  /// P_outᵀ X P_in, 0 for what was left out.
  func lifted(_ directions: GradientDirections) -> GradientDirections {
    var blocks = shapes.blocks.map {
      Matrix<Float>(rows: directions.count, columns: $0.gradientCount)
    }
    for (layer, rows) in zip(layers, directions.blocks) {
      let (k, o, i) = (layer.left.rows, layer.left.columns, layer.right.columns)
      let wide = product(
        MatrixView(
          storage: rows.storage, rows: rows.rows * k, columns: layer.right.rows,
          stride: layer.right.rows), MatrixView(layer.right))
      let target = blocks[layer.block]
      for row in 0..<rows.rows {
        blockProduct(
          MatrixView(layer.left).transposed, MatrixView(wide).rows(row * k..<(row + 1) * k),
          into: MatrixView(
            storage: target.storage, offset: row * o * i, rows: o, columns: i, stride: i))
      }
      blocks[layer.block] = target
    }
    return GradientDirections(count: directions.count, blocks: blocks)
  }
}

extension Method {
  /// The Fisher matrix of gradients with projected sides.
  public static let logra = Method(
    name: "logra",
    title: "influence function by the Fisher matrix of gradients projected on both sides",
    source: "Choe et al. 2024", gradients: .loss, unit: .change, needs: [.damping, .layers],
    cost: { $0.projectedFisher(side: ProjectedFisher.side) },
    prepare: { context in
      try CurvatureScorer(context) { source, training in
        try ProjectedFisher(context, source: source, training: training)
      }
    })

  /// The same as a cosine.
  public static let trackstar = Method.logra.normalised(
    .whitened, name: "trackstar",
    title: "cosine of gradients projected on both sides, whitened by their Fisher matrix",
    source: "Chang et al. 2024")
}
