// Letters: n examples, T positions, O outputs, I inputs of a layer, s entries of a coordinate.
import Factors
import LinearAlgebra
import Tensors

/// Sparse projections of both factors in every layer, then a sparse one of their small product.
///
///     φ_i[layer] = Sᵀ vec(Σ_t (S_outᵀ d_t)(S_inᵀ a_t)ᵀ)
///
/// The product of the small sides has up to `blowUp` = 4 times the layer's features. A side no wider
/// than its k is kept whole, and so is a product no longer than the layer's share. Layers stand side
/// by side and share k equally (`LayerPlan`): the dimension is min(k, p).
///
/// - Source: FactGraSS, Hu et al. 2025 (arXiv:2505.18976), without its gradient masks.
public struct FactoredSJLTProjector: Projector {
  /// What the features are made from.
  public let identity: ProjectorIdentity
  private let layers: [FactoredLayer]

  /// Entries of a coordinate unless said otherwise.
  public static let defaultNonzeros = 2
  /// Size of the product of the small sides, in features of the layer.
  static let blowUp = 4

  /// A projector of `layers` to k features, or p when there are no more.
  ///
  /// - Parameter nonzeros: s ≥ 1, in all three projections.
  /// - Throws: `dimensionOutOfRange` for k below the number of layers, `noLayers`.
  public init(
    dimension k: Int, nonzeros: Int = defaultNonzeros, seed: UInt64, layers: [LayerShape]
  ) throws(ProjectionError) {
    precondition(nonzeros >= 1, "\(nonzeros) nonzeros")
    try requireDimension(k, .factoredSJLT, layers, in: max(1, layers.count)...(1 << 30))
    let shares = LayerPlan.shares(of: k, layers: layers)
    var offset = 0
    var made: [FactoredLayer] = []
    for (index, layer) in layers.enumerated() {
      made.append(
        FactoredLayer(
          layer, share: shares[index], nonzeros: nonzeros, seed: seed, index: index,
          offset: offset))
      offset += shares[index]
    }
    self.layers = made
    identity = ProjectorIdentity(
      kind: .factoredSJLT, dimension: offset, seed: seed, layers: layers,
      parameters: ["nonzeros": "\(nonzeros)", "requested": "\(k)"])
  }

  /// The features, n × dimension.
  ///
  /// - Complexity: per layer nT(I·s + O·s) + n·k′(T + s) flops for a product of k′ ≤ 4 × share.
  /// - Precision: fp32 sums in the order of coordinates; a feature depends on its example alone,
  ///   whatever the batch and the thread count.
  public func project(_ gradients: ExampleGradients) throws -> Matrix<Float> {
    try check(gradients)
    let n = gradients.count
    let k = dimension
    let features = Matrix<Float>(uninitialized: n, k)
    let width = LaneTile.width(for: gradients)
    Workers.run(over: n, grain: width) { examples in
      let sums = LaneTile(zeros: k, width: width)
      let target = MatrixView(features).rows(examples)
      for (layer, block) in zip(layers, gradients.blocks) {
        for term in block.terms {
          sums.addProducts(
            layer.left.project(term.left, examples, width: width),
            layer.right.project(term.right, examples, width: width),
            positions: term.positions, by: layer.core, row: layer.offset)
        }
        let columns = layer.offset..<layer.offset + layer.core.dimension
        sums.write(rows: columns, scale: layer.scale, to: target.columns(columns))
      }
    }
    return features
  }
}

/// The three projections of a layer and the place of its features.
private struct FactoredLayer: Sendable {
  let left: SparseSide
  let right: SparseSide
  let core: SparseEntries
  let offset: Int

  init(
    _ layer: LayerShape, share: Int, nonzeros: Int, seed: UInt64, index: Int, offset: Int
  ) {
    let sides = LayerPlan.sides(share: FactoredSJLTProjector.blowUp * share, layer: layer)
    left = SparseSide(layer.outputs, to: sides.outputs, nonzeros, seed, index: 3 * index)
    right = SparseSide(layer.inputs, to: sides.inputs, nonzeros, seed, index: 3 * index + 1)
    let product = sides.outputs * sides.inputs
    core =
      product == share
      ? SparseEntries(identity: product)
      : SparseSigns(dimension: share, nonzeros: nonzeros, seed: seed, index: 3 * index + 2)
        .entries(of: 0..<product)
    self.offset = offset
  }

  /// The size of an entry of the three projections together.
  var scale: Float { left.scale * right.scale * core.scale }
}

/// A sparse projection of one side, or the side whole.
private struct SparseSide: Sendable {
  let width: Int
  let matrix: SparseEntries?

  init(_ width: Int, to dimension: Int, _ nonzeros: Int, _ seed: UInt64, index: Int) {
    self.width = width
    matrix =
      dimension == width
      ? nil
      : SparseSigns(dimension: dimension, nonzeros: nonzeros, seed: seed, index: index)
        .entries(of: 0..<width)
  }

  var scale: Float { matrix?.scale ?? 1 }

  /// Row (bucket · T + t) of some examples.
  func project(_ side: FactorSide, _ examples: Range<Int>, width lanes: Int) -> LaneTile {
    let tile = LaneTile(side, columns: 0..<width, examples: examples, width: lanes)
    guard let matrix else { return tile }
    return tile.projected(by: matrix, positions: side.positions)
  }
}
