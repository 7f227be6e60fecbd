// Letters: n examples, k features, p parameters.
import Configuration
import Gradients
import Networks
import Projections
import Storage
import Tensors

/// The `save` of a run file's `training`: which per-example gradients a training keeps.
///
/// ```yaml
/// training: {…, save: {projector: kronecker, dimension: 2048, at: steps}}
/// ```
/// Weights do not depend on it, bit for bit.
public struct GradientSaving: Sendable, Equatable {
  /// When gradients are taken.
  public enum Moment: String, Sendable, CaseIterable {
    /// At every step, of its examples, in the very pass that trains: a row a visit.
    case steps
    /// At the checkpoints that are kept, of every example: what `collect` would make there.
    case checkpoints
  }

  /// How features are stored.
  private enum FeatureWord: String, CaseIterable { case float32, float16, bfloat16 }

  /// The projector's kind.
  public var projector: ProjectorKind
  /// k.
  public var dimension: Int
  /// When.
  public var moment: Moment
  /// How features are stored: float32, float16 or bfloat16.
  public var dtype: StorageType
  /// Seed of the projection.
  public var seed: UInt64
  /// What is differentiated at checkpoints; nil: margin, or prediction.
  ///
  /// Steps keep ∇ℓ.
  public var outputFunction: OutputFunction?

  /// Saving by its parts.
  public init(
    projector: ProjectorKind, dimension: Int = 2_048, at moment: Moment,
    dtype: StorageType = .float32, seed: UInt64 = 0, outputFunction: OutputFunction? = nil
  ) {
    (self.projector, self.dimension, self.moment) = (projector, dimension, moment)
    (self.dtype, self.seed, self.outputFunction) = (dtype, seed, outputFunction)
  }

  /// Reads the `save` mapping.
  init(from map: ConfigurationMap) throws(ConfigurationError) {
    let shared = ["projector", "dimension", "at", "dtype", "seed"]
    try map.checkKeys(known: shared + ["outputFunction"])
    moment = try map.choice("at", of: Moment.self)
    if moment == .steps { try map.checkKeys(known: shared) }
    projector = try map.choice("projector", of: ProjectorKind.self)
    if moment == .steps && projector == .landmarks {
      // They are gradients at one checkpoint; steps have as many as they are.
      throw .notAChoice(
        map.place("projector"), value: projector.rawValue,
        choices: ProjectorKind.allCases.filter { $0 != .landmarks }.map(\.rawValue))
    }
    dimension = try map.int("dimension", in: 1...1_000_000_000, default: 2_048)
    switch try map.choice("dtype", default: FeatureWord.float32) {
    case .float32: dtype = .float32
    case .float16: dtype = .float16
    case .bfloat16: dtype = .bfloat16
    }
    seed = UInt64(try map.int("seed", in: 0...(1 << 53), default: 0))
    outputFunction = try map.choice(ifPresent: "outputFunction", of: OutputFunction.self)
  }

  /// The mapping written out, defaults included.
  var value: ConfigurationValue {
    var values: [String: ConfigurationValue] = [
      "projector": .string(projector.rawValue), "dimension": .int(dimension),
      "at": .string(moment.rawValue), "dtype": .string(dtype.rawValue),
      "seed": .int(Int(clamping: seed)),
    ]
    if let outputFunction { values["outputFunction"] = .string(outputFunction.rawValue) }
    return .map(values)
  }
}

extension GradientSaving {
  /// Bytes of the store's rows; files around them are less than a hundredth.
  ///
  /// - Parameters:
  ///   - examples: n.
  ///   - epochs: of training; steps keep a row a visit.
  ///   - checkpoints: kept by each seed.
  ///   - parameters: p that gradients are taken by: the width of `identity`.
  public func diskBytes(
    examples: Int, epochs: Int, checkpoints: Int, seeds: Int, parameters: Int
  ) -> Double {
    let width =
      switch projector {
      case .identity: parameters
      case .landmarks: min(dimension, examples)
      default: dimension
      }
    let isSteps = moment == .steps
    let columns = isSteps ? StepGradientStore.outputColumns : FeatureCollection.outputColumns
    let row = Double(width) * Double(dtype.byteCount) + 4 * Double(columns.count)
    return row * Double(examples) * Double(isSteps ? epochs : checkpoints) * Double(seeds)
  }
}
