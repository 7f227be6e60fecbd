import Datasets
import Factors
import Networks
import Projections

/// Which projector features are made with.
public struct ProjectionChoice: Sendable, Hashable {
  /// The kind.
  public let kind: ProjectorKind
  /// k; landmarks take at most n.
  public let dimension: Int
  /// Seed of the random matrix, or of the draw of landmarks.
  public let seed: UInt64

  /// A choice of projector.
  public init(kind: ProjectorKind, dimension: Int, seed: UInt64 = 0) {
    self.kind = kind
    self.dimension = dimension
    self.seed = seed
  }

  /// The projector at a checkpoint; landmarks are `training`'s gradients there.
  ///
  /// - Throws: `ProjectionError` for a dimension the kind does not have.
  public func projector(
    for source: GradientSource, _ function: OutputFunction, _ training: Dataset
  ) throws -> any Projector {
    if kind == .landmarks {
      let k = min(dimension, training.count)
      let rows = try LandmarkProjector.drawnRows(k, of: training.count, seed: seed)
      let landmarks = try source.gradients(
        of: training.subset(rows), target: .output(function)
      ).gradients
      return try LandmarkProjector(
        landmarks: landmarks, rows: rows, population: training.count, seed: seed)
    }
    // Any one example shows the shapes of the layers.
    let sample = try source.gradients(
      of: training.subset([0]), target: .output(function)
    ).gradients
    return try makeProjector(
      kind, dimension: dimension, seed: seed, layers: sample.layerShapes)
  }
}
