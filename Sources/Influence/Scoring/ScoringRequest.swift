import Datasets
import Foundation
import Gradients
import Networks
import Runs
import Storage
import Tensors
import Training

/// What is asked of a scoring; what is left open (nil) takes the default that fits the run.
///
/// The defaults of the program and of the library are these, to the bit: a run file's `defaults`, then
/// those of `RunInfluence.resolved(_:)`.
public struct ScoringRequest: Sendable, Equatable {
  /// Where the exact kernel ends and features begin.
  public enum Kernel: String, Sendable, CaseIterable {
    /// As counted flops and bytes ask for (`KernelChoice`).
    case auto
    /// Exact whatever n is.
    case exact
    /// Features of the run's stores.
    case features
    /// Features that the training kept of its own steps.
    case steps
  }

  /// The method.
  public var method: Method?
  /// The measurement f.
  public var outputFunction: OutputFunction?
  /// The weight D.
  public var exampleWeight: ExampleWeight?
  /// How λ is chosen.
  public var damping: DampingRule?
  /// How λ is spread.
  public var dampingProfile: DampingProfile?
  /// The checkpoints.
  public var checkpoints: CheckpointChoice?
  /// Seeds of the run; nil: all.
  public var seeds: [UInt64]?
  /// The kernel.
  public var kernel: Kernel?
  /// Training examples up to which `auto` takes the exact kernel; nil: by cost.
  public var exactLimit: Int?
  /// Bytes that kept factors of exact kernels may take on disk; 0: none is kept or read.
  public var factorBytes: Int?
  /// The curvature of influence functions.
  public var curvature: Curvature?
  /// Where spectra are computed.
  public var diagnosesDamping: DampingDiagnosis

  /// A request; everything may be left open.
  public init(
    method: Method? = nil, outputFunction: OutputFunction? = nil,
    exampleWeight: ExampleWeight? = nil, damping: DampingRule? = nil,
    dampingProfile: DampingProfile? = nil, checkpoints: CheckpointChoice? = nil,
    seeds: [UInt64]? = nil, kernel: Kernel? = nil, exactLimit: Int? = nil,
    factorBytes: Int? = nil, curvature: Curvature? = nil,
    diagnosesDamping: DampingDiagnosis = .none
  ) {
    self.curvature = curvature
    self.method = method
    self.outputFunction = outputFunction
    self.exampleWeight = exampleWeight
    self.damping = damping
    self.dampingProfile = dampingProfile
    self.checkpoints = checkpoints
    self.seeds = seeds
    self.kernel = kernel
    self.exactLimit = exactLimit
    self.factorBytes = factorBytes
    self.diagnosesDamping = diagnosesDamping
  }

  /// What is open here taken from another.
  public func completed(by other: ScoringRequest) -> ScoringRequest {
    ScoringRequest(
      method: method ?? other.method, outputFunction: outputFunction ?? other.outputFunction,
      exampleWeight: exampleWeight ?? other.exampleWeight, damping: damping ?? other.damping,
      dampingProfile: dampingProfile ?? other.dampingProfile,
      checkpoints: checkpoints ?? other.checkpoints, seeds: seeds ?? other.seeds,
      kernel: kernel ?? other.kernel, exactLimit: exactLimit ?? other.exactLimit,
      factorBytes: factorBytes ?? other.factorBytes, curvature: curvature ?? other.curvature,
      diagnosesDamping: diagnosesDamping)
  }
}

extension ScoringRequest {
  /// Defaults are of the run, not of every method: one that was asked for takes those it has.
  mutating func leaveOutWhatIsNot(of method: Method) {
    if !method.weighs { exampleWeight = nil }
    if !method.isDamped { damping = nil }
    if !method.needsSolve { dampingProfile = nil }
    if method.needs.contains(.damping) {
      // A rule for kernels is not one for curvatures.
      damping = nil
    }
  }
}

/// A request with nothing left open, for one run.
public struct ResolvedScoring: Sendable {
  /// The choices.
  public let options: ScoringOptions
  /// Which checkpoints.
  public let choice: CheckpointChoice
  /// Seeds of the run; nil: all.
  public let seeds: [UInt64]?
  /// Whether the scores are of stored features; else of exact kernels.
  public let usesFeatures: Bool
  /// Whether the features are those of the training's steps.
  public var usesSteps = false
  /// Why.
  public var kernelReason = KernelChoice.Reason.asked
  /// Most training examples of an exact kernel matrix.
  public let exactLimit: Int
  /// Bytes that kept factors of exact kernels may take on disk.
  public var factorBytes = FactorFolder.standardBudget
}

extension RunInfluence {
  /// The choices for this run: what was asked for, the run file's `defaults`, and what fits the data.
  ///
  /// - Method: `trajectory`; on features, whose trace kernel is collected only when asked for, and
  ///   for sequences, which have no one-hot target, `trak`; on the training's steps `tracin`.
  /// - Example weight: the mean of 1 − p over the training where it was watched, since that of one
  ///   checkpoint that has memorised its data says nothing; the kernel's leave-one-out residual
  ///   stands in for it where there was no training here and one checkpoint is scored.
  ///
  /// - Parameter methods: where the names of the run file's `defaults` are looked up.
  /// - Throws: `InfluenceError` for choices that the data, method or run does not have.
  public func resolved(
    _ request: ScoringRequest = ScoringRequest(), methods: MethodTable = .standard
  ) throws -> ResolvedScoring {
    var defaults = try ScoringRequest(defaultsOf: run, methods: methods)
    if let method = request.method, method.name != defaults.method?.name {
      defaults.leaveOutWhatIsNot(of: method)
    }
    let request = request.completed(by: defaults)
    try requireKernel(of: request)
    let kernel = try kernelChoice(request)
    let usesFeatures = kernel.usesFeatures
    let usesSteps = request.kernel == .steps
    let open = standardMethod(request.outputFunction, onFeatures: usesFeatures)
    var method = request.method ?? (usesSteps ? .tracin : open.method)
    if usesSteps { method = try onSteps(method) }
    let function =
      request.outputFunction
      ?? (request.method == nil && !usesSteps ? open.function : standardFunction(method))
    let choice = request.checkpoints ?? .standard
    let weight =
      try request.exampleWeight
      ?? standardWeight(method, function, choice, request.seeds, onFeatures: usesFeatures)
    return ResolvedScoring(
      options: try ScoringOptions(
        method: method, classification: isClassification,
        outputFunction: function, exampleWeight: weight,
        damping: request.damping, dampingProfile: request.dampingProfile,
        curvature: request.curvature,
        diagnosesDamping: request.diagnosesDamping),
      choice: choice, seeds: request.seeds, usesFeatures: usesFeatures,
      usesSteps: usesSteps, kernelReason: kernel.reason,
      exactLimit: request.kernel == .exact
        ? .max : request.exactLimit ?? Ensemble.standardExactLimit,
      factorBytes: request.factorBytes ?? FactorFolder.standardBudget)
  }

  /// Refuses stores for methods that cannot read them, and data that the method is not defined on.
  private func requireKernel(of request: ScoringRequest) throws {
    guard let method = request.method else { return }
    for part in method.parts { try part.requireFit(data.train) }
    // On steps a method of checkpoints is refused as every one that needs all examples at one.
    guard !method.readsFeatures, let kernel = request.kernel,
      kernel == .features || (kernel == .steps && method.replays)
    else { return }
    throw InfluenceError.notDefined(
      name: "\(method.name) on \(kernel.rawValue)",
      reason: method.replays
        ? "it goes through the training itself, not its features"
        : "it takes gradients as they are, layer by layer, and features are projections",
      option: "‹kernel›")
  }

  /// Exact kernel or features, by what the scoring of one query takes on either.
  private func kernelChoice(_ request: ScoringRequest) throws -> KernelChoice {
    // A method of the whole training takes no kernel.
    if request.method?.replays == true { return .exact }
    // Gradients from elsewhere have been made: their number alone decides.
    let network = factors == nil ? try self.network : nil
    func cost(_ method: Method, _ projection: ProjectionChoice? = nil) -> ScoringCost {
      guard let network else { return ScoringCost(uncounted: method) }
      let shape = WorkShape(
        network: network, examples: data.train.count, queries: 1, projection: projection)
      return ScoringCost(
        method, shape,
        checkpoints: checkpointCount(request.checkpoints ?? .standard, request.seeds, method),
        budget: .max)
    }
    if let method = request.method, !method.readsFeatures, request.kernel != .steps {
      return KernelChoice(
        kernel: .exact, exactLimit: nil, examples: data.train.count, exact: cost(method),
        stored: nil)
    }
    let onFeatures =
      request.method ?? standardMethod(request.outputFunction, onFeatures: true).method
    let function =
      request.outputFunction ?? onFeatures.standardOutputFunction(classification: isClassification)
    return KernelChoice(
      kernel: request.kernel ?? .auto, exactLimit: request.exactLimit,
      examples: data.train.count,
      exact: cost(
        request.method ?? standardMethod(request.outputFunction, onFeatures: false).method),
      stored: try storedColumns(onFeatures, function).map {
        KernelChoice.Stored(
          cost(onFeatures, try standardProjection), exact: cost(onFeatures),
          examples: data.train.count, columns: $0)
      })
  }

  private func standardWeight(
    _ method: Method, _ function: OutputFunction?, _ choice: CheckpointChoice, _ seeds: [UInt64]?,
    onFeatures: Bool
  ) throws -> ExampleWeight? {
    guard isClassification, !isSequence, method.weighs else { return nil }
    if run.hasWholeDynamics { return ExampleWeight(.trajectory) }
    var references = try choice.references(of: run, seeds: seeds, method: method)
    if onFeatures, choice == .standard, seeds == nil,
      let groups = try storedGroups(method, function)
    {
      references = run.checkpoints.filter { groups.contains($0.groupName) }
    }
    return standsInForDynamics(references) ? ExampleWeight(.leaveOneOut) : nil
  }

  /// Whether the residual of the kernel regression without the example stands in for that of the
  /// training, which nobody watched: at one epoch, on either kernel; several have a mean of their own.
  func standsInForDynamics(_ references: [CheckpointReference]) -> Bool {
    guard isClassification, !isSequence, !run.hasWholeDynamics,
      factors?.provides(.jacobian) ?? true
    else { return false }
    return Set(references.map(\.epoch)).count == 1
  }

  /// The checkpoints in the first store that a method reads; nil where there is none.
  private func storedGroups(_ method: Method, _ function: OutputFunction?) throws -> [String]? {
    let function =
      (function ?? method.standardOutputFunction(classification: isClassification))
      .ofKernel(data.train.targets)
    guard let target = method.targets(function).first else { return nil }
    let path = storePath(target: target.storeTarget ?? .output(function))
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try FeatureStoreReader(path).groups
  }

  /// The scoring of a request, ready to be asked.
  public func ensemble(
    _ request: ScoringRequest = ScoringRequest(), methods: MethodTable = .standard
  ) throws -> Ensemble {
    try ensemble(try resolved(request, methods: methods))
  }

  /// The scoring of choices that were made, ready to be asked.
  ///
  /// - Parameter control: where methods that take long for a query report to.
  /// - Throws: `InfluenceError.noCheckpoints` for checkpoints that run or store do not have,
  ///   `InfluenceError.noStore`, `.noSteps`; `StorageError.fingerprintMismatch` naming the field for
  ///   a store of another run.
  public func ensemble(
    _ scoring: ResolvedScoring, control: JobControl = .silent
  ) throws -> Ensemble {
    let (checkpoints, references) =
      scoring.options.method.replays
      ? try replayCheckpoints(scoring)
      : scoring.usesSteps
        ? try stepCheckpoints(scoring)
        : scoring.usesFeatures
          ? try storedCheckpoints(scoring)
          : try exactCheckpoints(scoring)
    return try Ensemble(
      checkpoints: checkpoints, training: data.train, options: scoring.options,
      trajectoryResiduals: try neededResiduals(scoring.options, references),
      exactLimit: scoring.exactLimit, control: control)
  }

  private func exactCheckpoints(
    _ scoring: ResolvedScoring
  ) throws -> ([any ScoredCheckpoint], [CheckpointReference]) {
    let references = try scoring.choice.references(
      of: run, seeds: scoring.seeds, method: scoring.options.method)
    let checkpoints = ExactCheckpoint.sharing(
      try references.map { (name: $0.groupName, source: try source($0)) },
      places: try run.places(of: references), training: data.train, method: scoring.options.method,
      keepers: try keepers(references, bytes: scoring.factorBytes))
    return (checkpoints, references)
  }

  /// Where factors of exact kernels are kept: beside the run's stores, where they cost enough.
  private func keepers(
    _ references: [CheckpointReference], bytes: Int
  ) throws -> (@Sendable (Int, KernelTarget) -> (any RidgeKeeper)?)? {
    guard bytes > 0, data.train.count >= FolderKeeper.leastCount else { return nil }
    let folder = FactorFolder("\(run.projectionsFolder)/factors", budget: bytes)
    let identities = try references.map {
      try run.identity(checkpoints: [$0], layers: selectionText)
    }
    let names = references.map(\.name)
    return { index, target in
      FolderKeeper(
        folder: folder, label: "\(names[index])-\(target.text)", identity: identities[index],
        target: target)
    }
  }
}
