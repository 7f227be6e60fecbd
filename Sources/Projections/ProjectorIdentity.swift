/// What a projection matrix is made from, and nothing else.
///
/// Features may be compared when their identities are equal: part of a feature store's fingerprint.
public struct ProjectorIdentity: Codable, Sendable, Hashable {
  /// The kind.
  public let kind: ProjectorKind
  /// Number of features k, as the projector makes them.
  public let dimension: Int
  /// Seed of the random stream.
  public let seed: UInt64
  /// The layers, in the order of the gradients' blocks.
  public let layers: [LayerShape]
  /// Version of the kind's recipe: any change of the matrix raises it.
  public let version: Int
  /// What else the kind needs, by name; see Projections/PROJECTORS.md.
  public let parameters: [String: String]

  /// The identity of a projector.
  public init(
    kind: ProjectorKind, dimension: Int, seed: UInt64, layers: [LayerShape], version: Int = 1,
    parameters: [String: String] = [:]
  ) {
    self.kind = kind
    self.dimension = dimension
    self.seed = seed
    self.layers = layers
    self.version = version
    self.parameters = parameters
  }

  /// Number of gradient coordinates p = Σ O·I.
  public var coordinateCount: Int { layers.reduce(0) { $0 + $1.coordinateCount } }

  /// The identity as one line, equal for equal identities only:
  /// `sjlt version=1 k=2048 seed=7 nonzeros=4 layers=0.weight:128x785,2.weight:10x129`.
  public var canonicalText: String {
    var words = ["\(kind.rawValue)", "version=\(version)", "k=\(dimension)", "seed=\(seed)"]
    words += parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    words.append("layers=" + layers.map(\.description).joined(separator: ","))
    return words.joined(separator: " ")
  }
}
