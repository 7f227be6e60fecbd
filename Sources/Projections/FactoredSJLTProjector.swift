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
    let longest = gradients.blocks.flatMap(\.terms).map(\.positions).max() ?? 1
    let groups = laneGroups(positions: longest)
    let lanes = groups * 16
    Workers.run(over: n, grain: lanes) { examples in
      let sums = LaneTile(zeros: k, groups: groups)
      for (layer, block) in zip(layers, gradients.blocks) {
        for term in block.terms {
          let left = layer.left.project(term.left, examples, groups: groups)
          let right = layer.right.project(term.right, examples, groups: groups)
          addOuterProducts(
            left, right, positions: term.positions, entries: layer.entries?.base,
            count: layer.core.nonzeros, scale: layer.core.scale, to: sums.row(layer.offset))
        }
      }
      sums.scatterExamples(
        rows: 0..<k, count: examples.count,
        to: features.storage.base + examples.lowerBound * k, stride: k)
    }
    return features
  }
}

/// The three projections of a layer and the place of its features.
private struct FactoredLayer: Sendable {
  let left: SparseSide
  let right: SparseSide
  let core: SparseSigns
  /// Entries of the core; nil when the product is kept whole.
  let entries: Buffer<UInt32>?
  let offset: Int

  init(
    _ layer: LayerShape, share: Int, nonzeros: Int, seed: UInt64, index: Int, offset: Int
  ) {
    let sides =
      share == layer.coordinateCount
      ? (outputs: layer.outputs, inputs: layer.inputs)
      : LayerPlan.sides(share: FactoredSJLTProjector.blowUp * share, layer: layer)
    left = SparseSide(layer.outputs, to: sides.outputs, nonzeros, seed, index: 3 * index)
    right = SparseSide(layer.inputs, to: sides.inputs, nonzeros, seed, index: 3 * index + 1)
    core = SparseSigns(dimension: share, nonzeros: nonzeros, seed: seed, index: 3 * index + 2)
    let product = sides.outputs * sides.inputs
    entries = product == share ? nil : core.entries(of: 0..<product)
    self.offset = offset
  }
}

/// A sparse projection of one side, or the side whole.
private struct SparseSide: Sendable {
  let width: Int
  let signs: SparseSigns
  let entries: Buffer<UInt32>?

  init(_ width: Int, to dimension: Int, _ nonzeros: Int, _ seed: UInt64, index: Int) {
    self.width = width
    signs = SparseSigns(dimension: dimension, nonzeros: nonzeros, seed: seed, index: index)
    entries = dimension == width ? nil : signs.entries(of: 0..<width)
  }

  /// Row (bucket · T + t) of some examples.
  func project(_ side: FactorSide, _ examples: Range<Int>, groups: Int) -> LaneTile {
    let tile = side.laneTile(examples, columns: 0..<width, groups: groups)
    guard let entries else { return tile }
    // The T positions of a coordinate move together.
    return tile.joined(rows: side.positions).projected(by: signs, entries: entries)
      .split(into: side.positions)
  }
}
