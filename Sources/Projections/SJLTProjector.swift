import Factors
import LinearAlgebra
import Tensors

/// A sparse Johnson–Lindenstrauss projection of the full gradient, from its factors.
///
///     φ_i[b] = Σ_{(o,i) with an entry in b} ±1/√s · Σ_t d_{t,o} a_{t,i}
///
/// One k-space for all layers: their features add up. Inner products have the variance of a dense
/// projection whatever s is; more entries make large errors rarer (two strong coordinates that
/// share one bucket still differ in the others). s = 4 by default.
///
/// - Source: Kane & Nelson 2014 (block construction); on gradients: GraSS, Hu et al. 2025.
public struct SJLTProjector: Projector {
  /// What the features are made from.
  public let identity: ProjectorIdentity
  private let signs: SparseSigns

  /// Entries of a coordinate unless said otherwise.
  public static let defaultNonzeros = 4

  /// A projector of `layers` to k features.
  ///
  /// - Parameter nonzeros: s ≥ 1; at most k are used.
  /// - Throws: `dimensionOutOfRange` for k < 1, `noLayers`.
  public init(
    dimension k: Int, nonzeros: Int = defaultNonzeros, seed: UInt64, layers: [LayerShape]
  ) throws(ProjectionError) {
    precondition(nonzeros >= 1, "\(nonzeros) nonzeros")
    try requireDimension(k, .sjlt, layers, in: 1...(1 << 30))
    signs = SparseSigns(dimension: k, nonzeros: nonzeros, seed: seed, index: 0)
    identity = ProjectorIdentity(
      kind: .sjlt, dimension: k, seed: seed, layers: layers,
      parameters: ["nonzeros": "\(signs.nonzeros)"])
  }

  /// The features, n × k.
  ///
  /// - Complexity: n·p·(s + T) flops; n·k floats of scratch, and 4·s bytes for up to 2²⁰
  ///   coordinates at a time.
  /// - Precision: fp32 sums in the order of coordinates; a feature depends on its example alone,
  ///   whatever the batch and the thread count.
  public func project(_ gradients: ExampleGradients) throws -> Matrix<Float> {
    try check(gradients)
    let n = gradients.count
    let k = dimension
    let features = Matrix<Float>(uninitialized: n, k)
    let width = LaneTile.width(for: gradients)
    let tiles = (n + width - 1) / width
    let sums = LaneTile(zeros: k * tiles, width: width)
    for block in CoordinateBlock.blocks(of: identity.layers, size: 1 << 20) {
      let entries = signs.entries(of: block.start..<block.start + block.count)
      Workers.run(over: n, grain: width) { examples in
        for term in gradients.blocks[block.layer].terms {
          sums.addProducts(
            LaneTile(term.left, columns: block.outputs, examples: examples, width: width),
            LaneTile(term.right, columns: block.inputs, examples: examples, width: width),
            positions: term.positions, by: entries, row: examples.lowerBound / width * k)
        }
      }
    }
    let scale = 1 / Float(signs.nonzeros).squareRoot()
    Workers.run(over: n, grain: width) { examples in
      let first = examples.lowerBound / width * k
      sums.write(
        rows: first..<first + k, scale: scale, to: MatrixView(features).rows(examples))
    }
    return features
  }
}
