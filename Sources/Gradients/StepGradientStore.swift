// Letters: n training examples, B batch, k features.
import Storage
import Tensors

/// Reads a store of the gradients that a training took at its own steps.
///
/// A row is a visit: the gradient ∇ℓ of one example's loss, as the pass that trained made it, at the
/// weights before the step and with that pass's dropout and augmentation. Not divided by the batch:
/// the mean of a step's rows is the step's gradient, projected. A group is a seed; its rows are the
/// visits in their order, epochs × n of them.
public struct StepGradientStore: Sendable {
  /// What is kept of every visit beside its features.
  ///
  /// The example's place in the training set is `row` + 2²⁴ · `rowHigh`: a float has whole numbers up
  /// to 2²⁴.
  public static let outputColumns = ["rate", "row", "rowHigh", "loss", "residual"]

  /// The field of the fingerprint, and its value, by which the store is known.
  public static let momentField = (name: "at", value: "steps")

  /// What a store of steps is made from: the fields of the run, then the choices of its own.
  ///
  /// - Parameters:
  ///   - identity: of the run; its examples are the training set, its layers those of the gradients.
  ///   - function: f of the residuals, by name.
  ///   - projector: `ProjectorIdentity.canonicalText`.
  public static func fingerprint(
    _ identity: RunIdentity, function: String, projector: String, dtype: StorageType
  ) -> Fingerprint {
    var fingerprint = identity.fingerprint(of: .steps)
    for (name, value) in [
      (momentField.name, momentField.value), ("outputFunction", function),
      ("projector", projector), ("dtype", dtype.rawValue),
    ] {
      fingerprint.append(name, value)
    }
    return fingerprint
  }

  /// The group of a seed: `seed-0/steps`.
  public static func group(seed: UInt64) -> String { "seed-\(seed)/steps" }

  /// The visits of one seed, each array one value a visit in the order of the steps.
  public struct Visits: Sendable, Equatable {
    /// The step, from 0, over the whole training.
    public let steps: [Int]
    /// The learning rate of the step, rounded to a float.
    public let rates: [Float]
    /// The example's place in the training set.
    public let rows: [Int]
    /// ℓ at the visit.
    public let losses: [Float]
    /// −∂ℓ/∂f at the visit, of the fingerprint's `outputFunction`.
    public let residuals: [Float]
  }

  /// The rows, checked as they are read.
  public let reader: FeatureStoreReader

  /// Opens a store.
  ///
  /// - Parameter expected: what the store must have been made from; nil takes any.
  /// - Throws: `GradientError.notOfSteps` for a store of checkpoints; `StorageError`.
  public init(
    _ path: String, expecting expected: Fingerprint? = nil, checks: RowChecks = .everyRead
  ) throws {
    let reader = try FeatureStoreReader(path, checks: checks)
    guard StepGradientStore.isOfSteps(reader) else {
      throw GradientError.notOfSteps(path: path)
    }
    if let expected {
      try Fingerprint.requireEqual(expected: expected, found: reader.fingerprint, file: path)
    }
    self.reader = reader
  }

  /// Whether a store holds gradients of a training's steps.
  public static func isOfSteps(_ reader: FeatureStoreReader) -> Bool {
    reader.fingerprint[momentField.name] == momentField.value
  }

  /// Refuses a store of steps for a method that needs every example at one checkpoint.
  ///
  /// - Throws: `GradientError.stepsHaveNoCheckpoint`.
  public static func requireCheckpoints(
    _ reader: FeatureStoreReader, method: String
  ) throws(GradientError) {
    if isOfSteps(reader) { throw .stepsHaveNoCheckpoint(method: method, path: reader.path) }
  }

  /// Visits of each seed, epochs × n.
  public var count: Int { reader.rows }

  /// Features of a visit, k.
  public var columns: Int { reader.columns }

  /// The seeds, in order.
  public var seeds: [UInt64] {
    reader.groups.compactMap { group in
      group.split(separator: "/").first.flatMap { UInt64($0.dropFirst("seed-".count)) }
    }
  }

  /// Everything of a seed's visits but their features.
  ///
  /// - Throws: `StorageError.unknownGroup` for another seed; as reading rows does.
  public func visits(seed: UInt64) throws -> Visits {
    let values = try reader.outputs(group: StepGradientStore.group(seed: seed))
    guard reader.layout.outputColumns == StepGradientStore.outputColumns,
      case .classes(let steps) = try reader.labels()
    else {
      throw StorageError.inconsistent(
        problem: "the columns are not those of a training's steps", file: reader.path)
    }
    return Visits(
      steps: steps.map { Int($0) }, rates: (0..<count).map { values[$0, 0] },
      rows: (0..<count).map { Int(values[$0, 1]) + Int(values[$0, 2]) << 24 },
      losses: (0..<count).map { values[$0, 3] }, residuals: (0..<count).map { values[$0, 4] })
  }

  /// Calls `body` with a seed's features, visits × k, one block of visits after the other.
  ///
  /// - Parameter rowsPerBlock: of all blocks but the last; `reader.scanRows` when nil.
  public func forEachBlock(
    seed: UInt64, rowsPerBlock: Int? = nil, _ body: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    try reader.forEachBlock(
      group: StepGradientStore.group(seed: seed), rowsPerBlock: rowsPerBlock ?? reader.scanRows,
      body)
  }
}
