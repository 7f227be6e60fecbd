/// Makes a random projector, or the identity.
///
/// - Parameters:
///   - kind: any but `landmarks`, which is made from gradients.
///   - dimension: k. `identity` does not read it; `kronecker` makes at most k features and
///     `factoredSJLT` at most p: see the projector's `dimension`.
///   - seed: of the random stream.
///   - layers: `ExampleGradients.layerShapes` of the network.
/// - Throws: `dimensionOutOfRange`, `noLayers`, `landmarksNeedGradients`.
public func makeProjector(
  _ kind: ProjectorKind, dimension: Int, seed: UInt64, layers: [LayerShape]
) throws(ProjectionError) -> any Projector {
  switch kind {
  case .identity: try IdentityProjector(layers: layers)
  case .rademacher:
    try DenseProjector(.rademacher, dimension: dimension, seed: seed, layers: layers)
  case .gaussian: try DenseProjector(.gaussian, dimension: dimension, seed: seed, layers: layers)
  case .sjlt: try SJLTProjector(dimension: dimension, seed: seed, layers: layers)
  case .kronecker: try KroneckerProjector(dimension: dimension, seed: seed, layers: layers)
  case .factoredSJLT: try FactoredSJLTProjector(dimension: dimension, seed: seed, layers: layers)
  case .mask: try MaskProjector(dimension: dimension, seed: seed, layers: layers)
  case .landmarks: throw .landmarksNeedGradients
  }
}

/// Makes the projector of a stored identity again.
///
/// - Throws: `unknownVersion` for a recipe of another engine version or with parameters it does not
///   know; else as `makeProjector(_:dimension:seed:layers:)`.
public func makeProjector(_ identity: ProjectorIdentity) throws(ProjectionError) -> any Projector {
  let k = identity.parameters["requested"].flatMap { Int($0) } ?? identity.dimension
  let nonzeros = identity.parameters["nonzeros"].flatMap { Int($0) }
  let made: any Projector
  switch (identity.kind, nonzeros) {
  case (.sjlt, let s?) where s >= 1:
    made = try SJLTProjector(
      dimension: k, nonzeros: s, seed: identity.seed, layers: identity.layers)
  case (.factoredSJLT, let s?) where s >= 1:
    made = try FactoredSJLTProjector(
      dimension: k, nonzeros: s, seed: identity.seed, layers: identity.layers)
  default:
    made = try makeProjector(
      identity.kind, dimension: k, seed: identity.seed, layers: identity.layers)
  }
  if made.identity != identity {
    throw .unknownVersion(kind: identity.kind, version: identity.version)
  }
  return made
}
