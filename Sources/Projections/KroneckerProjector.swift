// Letters: n examples, T positions, O outputs, I inputs of a layer.
import Factors
import LinearAlgebra
import Randomness
import Tensors

/// A two-sided projection in every layer: the factors are projected, then multiplied.
///
///     φ_i[layer] = vec(Σ_t (P_outᵀ d_t)(P_inᵀ a_t)ᵀ) = (P_out ⊗ P_in)ᵀ g_i      k_out × k_in
///
/// Entries are ±1/√k_in and ±1/√k_out; a side no wider than its k is kept as it is. Layers stand
/// side by side. k is shared equally (`LayerPlan`), and the dimension is the sum of the products
/// k_out · k_in: at most the k asked for.
///
/// - Source: LoGra, Choe et al. 2024 (arXiv:2405.13954) with random instead of principal
///   directions; unlike its code, scaled to be unbiased.
public struct KroneckerProjector: Projector {
  /// What the features are made from.
  public let identity: ProjectorIdentity
  private let layers: [KroneckerLayer]

  /// A projector of `layers` to at most k features.
  ///
  /// - Throws: `dimensionOutOfRange` for k below the number of layers, `noLayers`.
  public init(
    dimension k: Int, seed: UInt64, layers: [LayerShape]
  ) throws(ProjectionError) {
    try requireDimension(k, .kronecker, layers, in: max(1, layers.count)...Int.max)
    let shares = LayerPlan.shares(of: k, layers: layers)
    var offset = 0
    var made: [KroneckerLayer] = []
    for (index, layer) in layers.enumerated() {
      let sides = LayerPlan.sides(share: shares[index], layer: layer)
      made.append(
        KroneckerLayer(
          left: KroneckerSide(
            width: layer.outputs, dimension: sides.outputs, seed: seed, index: 2 * index),
          right: KroneckerSide(
            width: layer.inputs, dimension: sides.inputs, seed: seed, index: 2 * index + 1),
          offset: offset))
      offset += sides.outputs * sides.inputs
    }
    self.layers = made
    identity = ProjectorIdentity(
      kind: .kronecker, dimension: offset, seed: seed, layers: layers,
      parameters: ["requested": "\(k)"])
  }

  /// The features, n × dimension.
  ///
  /// - Complexity: per layer nT(I·k_in + O·k_out + k_in·k_out) multiplications.
  public func project(_ gradients: ExampleGradients) throws -> Matrix<Float> {
    try check(gradients)
    let n = gradients.count
    let features = Matrix<Float>(uninitialized: n, dimension)
    for (layer, block) in zip(layers, gradients.blocks) {
      let target = MatrixView(features)
        .columns(layer.offset..<layer.offset + layer.left.dimension * layer.right.dimension)
      let small = FactorBlock(
        terms: block.terms.map {
          OuterProductTerm(
            left: layer.left.project($0.left, count: n),
            right: layer.right.project($0.right, count: n))
        }, of: block)
      let whole = CoordinateBlock(
        layer: 0, outputs: 0..<layer.left.dimension, inputs: 0..<layer.right.dimension, start: 0)
      Workers.run(over: n, grain: 64) { rows in
        small.write(whole, examples: rows, into: target.rows(rows))
      }
    }
    return features
  }
}

/// The two matrices of a layer and the place of its features.
private struct KroneckerLayer: Sendable {
  let left: KroneckerSide
  let right: KroneckerSide
  let offset: Int
}

/// A projection of one side, width × dimension with entries ±1/√dimension; none when as wide.
private struct KroneckerSide: Sendable {
  let dimension: Int
  /// Entry (w, j) is sign w · dimension + j of the stream; nil keeps the side whole.
  let matrix: Matrix<Float>?

  init(width: Int, dimension: Int, seed: UInt64, index: Int) {
    self.dimension = dimension
    if dimension == width {
      matrix = nil
      return
    }
    let entries = Matrix<Float>(uninitialized: width, dimension)
    RandomStream(seed: seed, purpose: .projection, index: UInt64(index)).fillSigns(
      entries.storage.base, count: entries.count, scale: 1 / Float(dimension).squareRoot())
    matrix = entries
  }

  /// The side's vectors projected, n × T × dimension.
  func project(_ side: FactorSide, count n: Int) -> FactorSide {
    guard let matrix else { return .dense(side.materialised(count: n)) }
    let k = dimension
    let result = Tensor(uninitialized: [n, side.positions, k])
    let rows = n * side.positions
    let target = result.storage
    switch side {
    case .dense(let values):
      gemm(MatrixView(values), MatrixView(matrix), into: MatrixView(result))
    case .denseWithOne(let values):
      let inner = values.rowLength
      let bias = matrix.storage.base + inner * k
      for row in 0..<rows { (target.base + row * k).update(from: bias, count: k) }
      gemm(
        MatrixView(values), MatrixView(matrix).rows(0..<inner), into: MatrixView(result), beta: 1)
    case .oneHot(let indices, _, _):
      for (row, index) in indices.enumerated() {
        (target.base + row * k).update(from: matrix.storage.base + Int(index) * k, count: k)
      }
    case .one:
      for row in 0..<rows { (target.base + row * k).update(from: matrix.storage.base, count: k) }
    }
    return .dense(result)
  }
}

extension FactorBlock {
  /// A block of other terms for the same weight.
  init(terms: [OuterProductTerm], of block: FactorBlock) {
    self.init(weight: block.weight, bias: block.bias, term: terms[0])
    for term in terms.dropFirst() { append(term) }
  }
}
