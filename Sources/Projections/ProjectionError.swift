import Tensors

/// Why gradients could not be projected.
public enum ProjectionError: DiagnosableError, Equatable {
  /// A dimension that the kind cannot give for these layers.
  case dimensionOutOfRange(kind: ProjectorKind, dimension: Int, allowed: ClosedRange<Int>)
  /// Gradients of other layers; nil where one side has no layer at that place.
  case shapeMismatch(layer: Int, expected: LayerShape?, found: LayerShape?)
  /// A NaN or an infinity in the factors of an example.
  case nonFinite(example: Int, layer: String, side: Side, value: Float)
  /// A network without gradients.
  case noLayers
  /// Landmarks are drawn from gradients, not made from a seed alone.
  case landmarksNeedGradients
  /// Every landmark has a zero gradient.
  case zeroLandmarks(count: Int)
  /// The landmark kernel has no Cholesky factor under any jitter tried.
  case degenerateLandmarks(count: Int, largestJitter: Double)
  /// A stored identity of a recipe that this version of the engine does not have.
  case unknownVersion(kind: ProjectorKind, version: Int)

  /// The two factors of a gradient.
  public enum Side: String, Sendable {
    /// Output gradients D.
    case outputGradient = "output gradient"
    /// Layer inputs A.
    case input = "input"
  }

  /// What went wrong, with the values that show it.
  public var what: String {
    switch self {
    case .dimensionOutOfRange(let kind, let dimension, let allowed):
      let upper = allowed.upperBound == Int.max ? "" : " and at most \(allowed.upperBound)"
      return "\(kind.rawValue) projection to \(dimension) dimensions: needs at least "
        + "\(allowed.lowerBound)\(upper)."
    case .shapeMismatch(_, let expected, let found):
      return "The projector was made for \(expected?.description ?? "no layer"), the gradients "
        + "have \(found?.description ?? "no layer")."
    case .nonFinite(let example, _, let side, let value):
      return "The \(side.rawValue) of example \(example) is \(value)."
    case .noLayers: return "There are no gradients to project: the network has no parameters."
    case .landmarksNeedGradients:
      return "landmarks are training examples: their gradients are needed, not only a seed."
    case .zeroLandmarks(let count): return "All \(count) landmarks have a zero gradient."
    case .degenerateLandmarks(let count, let jitter):
      return "The kernel of \(count) landmarks is not positive definite, even with "
        + "\(jitter) × its mean diagonal added."
    case .unknownVersion(let kind, let version):
      return "Version \(version) of the \(kind.rawValue) projector is unknown to this engine."
    }
  }

  /// The layer or flag where it was found.
  public var location: String {
    switch self {
    case .dimensionOutOfRange: "‹dimension›"
    case .shapeMismatch(let layer, _, _): "layer \(layer)"
    case .nonFinite(_, let layer, _, _): "layer \(layer)"
    case .noLayers: "the network"
    case .landmarksNeedGradients: "‹projector: landmarks›"
    case .zeroLandmarks, .degenerateLandmarks: "the kernel of the landmarks"
    case .unknownVersion: "the projector identity"
    }
  }

  /// What the user can do about it.
  public var remedy: String {
    switch self {
    case .dimensionOutOfRange(_, let dimension, let allowed):
      return "pass ‹dimension› "
        + "\(min(max(dimension, allowed.lowerBound), allowed.upperBound))."
    case .shapeMismatch:
      return "use the model the projector was made for, or collect again with a new projector."
    case .nonFinite:
      return "leave the example out, or look for a diverged model or bad input values."
    case .noLayers: return "choose a model with parameters."
    case .landmarksNeedGradients: return "make a LandmarkProjector from training gradients."
    case .zeroLandmarks:
      return "score an earlier checkpoint, or an output whose gradient does not vanish."
    case .degenerateLandmarks: return "use fewer landmarks, or another projector."
    case .unknownVersion: return "use the engine version that wrote it, or collect again."
    }
  }

  /// A mismatch of layers or versions is 4, all else bad input or usage.
  public var exitCode: Int32 {
    switch self {
    case .shapeMismatch, .unknownVersion: 4
    case .dimensionOutOfRange, .landmarksNeedGradients: 2
    default: 3
    }
  }
}
