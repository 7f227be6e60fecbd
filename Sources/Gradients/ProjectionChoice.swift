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
    for source: any GradientProvider, _ function: OutputFunction, _ training: Dataset
  ) throws -> any Projector {
    try projector(for: source, target: .output(function), training)
  }

  /// The projector of the gradients of a target; of a Jacobian, of all its outputs side by side.
  public func projector(
    for source: any GradientProvider, target: GradientSource.Target, _ training: Dataset
  ) throws -> any Projector {
    if kind == .landmarks {
      let (landmarks, rows) = try landmarks(at: source, target, training)
      return try LandmarkProjector(
        landmarks: landmarks, rows: rows, population: training.count, seed: seed)
    }
    // Any one example shows the shapes of the layers.
    let sample = try source.sample(of: training.subset([0]), target: target)
    return try makeProjector(
      kind, dimension: dimension, seed: seed, layers: sample.layerShapes)
  }

  /// The landmarks' gradients at a checkpoint, and their rows in the training set.
  func landmarks(
    at source: any GradientProvider, _ target: GradientSource.Target, _ training: Dataset
  ) throws -> (gradients: ExampleGradients, rows: [Int]) {
    let k = min(dimension, training.count)
    let rows = try LandmarkProjector.drawnRows(k, of: training.count, seed: seed)
    return (try source.gradients(of: training.subset(rows), target: target).gradients, rows)
  }
}

extension ProjectionChoice {
  /// Bytes of a block's features and of the block of the random matrix they are made with.
  func leastBytes(examples: Int, width: Int, parameters: Int) -> Double {
    let matrixRows =
      switch kind {
      case .rademacher, .gaussian: min(parameters, 1024)
      case .sjlt, .factoredSJLT: 64
      case .identity, .kronecker, .mask, .landmarks: 0
      }
    return 4 * Double(examples + matrixRows) * Double(width)
  }

  /// The choice that made a projector, from its identity as a store keeps it
  /// (`ProjectorIdentity.canonicalText`); nil when the text is not one.
  ///
  /// The projector made again must have the same text; whoever reads a store compares.
  public init?(canonicalText text: String) {
    guard let choice = try? ProjectionChoice(stored: text, file: "") else { return nil }
    self = choice
  }

  /// The choice that made a store's projector.
  ///
  /// - Parameters:
  ///   - text: the field `projector` of the store's fingerprint.
  ///   - file: the store, for the error.
  /// - Throws: `GradientError.storedProjector` for a kind, version, dimension or seed that this
  ///   engine does not have.
  public init(stored text: String?, file: String) throws(GradientError) {
    let words = (text ?? "").split(separator: " ")
    func refusal(_ problem: String) -> GradientError {
      .storedProjector(problem: problem, text: text ?? "", file: file)
    }
    guard let name = words.first else { throw refusal("it is not recorded") }
    guard let kind = ProjectorKind(rawValue: String(name)) else {
      throw refusal("there is no kind \(name)")
    }
    var values: [Substring: Substring] = [:]
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { values[parts[0]] = parts[1] }
    }
    guard values["version"] == "1" else {
      throw refusal("version \(values["version"] ?? "none") of \(kind.rawValue) is unknown")
    }
    guard let k = (values["requested"] ?? values["k"]).flatMap({ Int($0) }), k > 0 else {
      throw refusal("it has no dimension")
    }
    guard let seed = values["seed"].flatMap({ UInt64($0) }) else {
      throw refusal("it has no seed")
    }
    self.init(kind: kind, dimension: k, seed: seed)
  }
}
