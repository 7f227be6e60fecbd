import Factors
import LinearAlgebra
import Tensors

/// No projection: the full gradients side by side, layer after layer.
///
///     φ_i = g_i       coordinate (o, i) of a layer at the layer's offset + o · I + i
///
/// For small networks, and for checks of the others.
public struct IdentityProjector: Projector {
  /// What the features are made from.
  public let identity: ProjectorIdentity

  /// The identity on the gradients of `layers`.
  public init(layers: [LayerShape]) throws(ProjectionError) {
    if layers.isEmpty { throw .noLayers }
    identity = ProjectorIdentity(
      kind: .identity, dimension: layers.reduce(0) { $0 + $1.coordinateCount }, seed: 0,
      layers: layers)
  }

  /// The full gradients, n × p.
  public func project(_ gradients: ExampleGradients) throws -> Matrix<Float> {
    try check(gradients)
    let p = dimension
    let result = Matrix<Float>(uninitialized: gradients.count, p)
    let target = MatrixView(result)
    let blocks = CoordinateBlock.blocks(of: identity.layers, size: p)
    Workers.run(over: gradients.count, grain: 16) { rows in
      for block in blocks {
        gradients.blocks[block.layer].write(
          block, examples: rows,
          into: target[rows, block.start..<block.start + block.count])
      }
    }
    return result
  }
}
