// Letters: n training examples.
import Datasets
import Factors
import Gradients
import Networks
import Projections
import Runs
import Storage
import Tensors

/// A checkpoint whose kernels are exact.
public struct ExactCheckpoint: ScoredCheckpoint {
  /// Its name in reports.
  public let name: String
  /// Where in the training it stands.
  public let place: TrainingPlace?
  /// Where its gradients come from.
  public let source: any GradientProvider
  private let training: Dataset
  private let inputGram: SharedInputs?
  private let keepers: (@Sendable (KernelTarget) -> (any RidgeKeeper)?)?

  /// A source of gradients at one checkpoint, with the examples it was trained on.
  public init(
    name: String, place: TrainingPlace? = nil, source: any GradientProvider, training: Dataset
  ) {
    self.init(
      name: name, place: place, source: source, training: training, inputGram: nil, keepers: nil)
  }

  init(
    name: String, place: TrainingPlace?, source: any GradientProvider, training: Dataset,
    inputGram: SharedInputs?, keepers: (@Sendable (KernelTarget) -> (any RidgeKeeper)?)?
  ) {
    self.place = place
    (self.name, self.source, self.training) = (name, source, training)
    (self.inputGram, self.keepers) = (inputGram, keepers)
  }

  /// Checkpoints of one network; products of the network's inputs are shared by their kernels where
  /// there are so many inputs, and more kernels than one, that keeping them pays.
  ///
  /// - Parameter places: where in the training each stands; none for weights of no training.
  public static func sharing(
    _ named: [(name: String, source: any GradientProvider)], places: [TrainingPlace] = [],
    training: Dataset, method: Method
  ) -> [ExactCheckpoint] {
    sharing(named, places: places, training: training, method: method, keepers: nil)
  }

  static func sharing(
    _ named: [(name: String, source: any GradientProvider)], places: [TrainingPlace] = [],
    training: Dataset, method: Method,
    keepers: (@Sendable (Int, KernelTarget) -> (any RidgeKeeper)?)?
  ) -> [ExactCheckpoint] {
    // One checkpoint may need a second kernel, for weights or for the damping's profile.
    let kernels = method.needsSolve ? max(2, named.count * method.parts.count) : 1
    let inputGram =
      kernels > 1 && training.featureCount >= 256 ? SharedInputs(training.inputs) : nil
    return named.enumerated().map { index, checkpoint in
      var own: (@Sendable (KernelTarget) -> (any RidgeKeeper)?)?
      if let keepers { own = { keepers(index, $0) } }
      return ExactCheckpoint(
        name: checkpoint.name, place: index < places.count ? places[index] : nil,
        source: checkpoint.source, training: training,
        inputGram: inputGram, keepers: own)
    }
  }

  /// `exact`.
  public var kernelName: String { "exact" }
  /// None.
  public var projectionDimension: Int? { nil }
  /// Yes.
  public var isExact: Bool { true }
  /// Whether its source has all outputs' gradients.
  public var hasTraceKernel: Bool { source.provides(.jacobian) }
  /// None.
  public var deletedRows: [Int] { [] }

  /// The kernel of unprojected gradients.
  public func kernel(_ target: KernelTarget, diagnoses: Bool) throws -> any GradientKernel {
    try ExactKernel(
      of: training, source: source, target: target, checkpoint: name, inputGram: inputGram,
      keeper: keepers?(target))
  }

  /// −∂ℓ/∂f from the source, n values.
  public func residuals(_ function: OutputFunction) throws -> [Float] {
    try source.residuals(of: training, function)
  }
}

/// A checkpoint whose kernels are those of stored features.
public struct StoredCheckpoint: ScoredCheckpoint {
  /// A store with what makes query features as its own are made.
  public struct Features: Sendable {
    /// The store.
    public let store: FeatureStoreReader
    /// What was differentiated.
    public let target: GradientSource.Target
    /// The projector at this checkpoint.
    public let projector: any Projector
    /// Features of queries that need not be made.
    public let queries: QueryFeatures?
    /// Whether preconditioners are read from beside the store and kept there.
    public let keeps: Bool
    /// What the user should know about the projector.
    public let notes: [String]

    /// A store of a target.
    public init(
      store: FeatureStoreReader, target: GradientSource.Target, projector: any Projector,
      queries: QueryFeatures? = nil, keeps: Bool = false, notes: [String] = []
    ) {
      self.notes = notes
      (self.store, self.target, self.projector) = (store, target, projector)
      (self.queries, self.keeps) = (queries, keeps)
    }
  }

  /// Its name, the group's in its stores.
  public let name: String
  /// Where in the training it stands.
  public let place: TrainingPlace?
  /// Where its gradients come from.
  public let source: any GradientProvider
  private let features: [Features]
  private let training: Dataset

  /// A group of some stores, one a target at the most.
  ///
  /// - Parameter training: the examples of the stores, in order.
  public init(
    group: String, place: TrainingPlace? = nil, source: any GradientProvider,
    features: [Features], training: Dataset
  ) {
    self.place = place
    (name, self.source, self.features, self.training) = (group, source, features, training)
  }

  /// The projectors' kinds and dimensions.
  public var kernelName: String {
    features.map { "\($0.projector.identity.kind.rawValue) \($0.projector.dimension)" }
      .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      .joined(separator: ", ")
  }

  /// That of the projectors, where they have the same.
  public var projectionDimension: Int? {
    let found = Set(features.map(\.projector.dimension))
    return found.count == 1 ? found.first : nil
  }

  /// No.
  public var isExact: Bool { false }
  /// Whether features of it are among the stores.
  public var hasTraceKernel: Bool { features.contains { $0.target == .jacobian } }
  /// Rows that were marked as deleted in any of the stores.
  public var deletedRows: [Int] { Set(features.flatMap(\.store.deletedRows)).sorted() }

  /// The kernel of the features of a target; that of the loss from features of f, times −∂ℓ/∂f.
  public func kernel(_ target: KernelTarget, diagnoses: Bool) throws -> any GradientKernel {
    let found: Features?
    var factors: [Float]?
    switch target {
    case .jacobian: found = features.first { $0.target == .jacobian }
    case .output(let function): found = features.first { $0.target == .output(function) }
    case .loss:
      found = features.first { $0.target != .jacobian }
      if let found { factors = try slopes(found) }
    }
    guard let found else {
      throw InfluenceError.noFeatures(
        of: target.storeTarget?.name ?? "loss",
        available: features.map(\.target.name).joined(separator: ", "))
    }
    return FeatureKernel(
      found.store, group: name, projector: found.projector, source: source,
      target: found.target, data: training, factors: factors, queryFeatures: found.queries,
      keeps: found.keeps, notes: found.notes)
  }

  /// −∂ℓ/∂f as it was stored; of the margin 1 − p.
  public func residuals(_ function: OutputFunction) throws -> [Float] {
    if let own = features.first(where: { $0.target == .output(function) }) {
      return try own.store.output("residual", group: name)
    }
    guard function == .margin, let any = features.first else {
      return try source.residuals(of: training, function)
    }
    return try any.store.output("probability", group: name).map { 1 - $0 }
  }

  /// −∇ℓ = −∂ℓ/∂f · ∇f where ℓ is a function of f.
  private func slopes(_ features: Features) throws -> [Float]? {
    guard case .output(let function) = features.target else { return nil }
    try function.requireLoss(of: training.targets)
    return try features.store.output("residual", group: name)
  }
}

extension OutputFunction {
  /// Refuses features of a function that the loss is no function of, for methods of the loss.
  func requireLoss(of targets: Targets) throws(InfluenceError) {
    guard self != .hardMargin, self != .logit else {
      throw .notDefined(
        name: "a method of the loss",
        reason: "the loss is not a function of \(rawValue) alone, whose gradients the store has",
        option: "‹method›")
    }
    // Σ_t ∂ℓ/∂f_t ∇f_t is no multiple of Σ_t ∇f_t, but where every ∂ℓ/∂f_t is −1 or 1.
    if case .tokens = targets, self != .loss, self != .logProbability {
      throw .notDefined(
        name: "a method of the loss",
        reason: "the loss of a sequence is not a function of its \(rawValue), whose "
          + "gradients the store has; it takes features of the loss", option: "‹method›")
    }
  }
}

extension KernelTarget {
  /// What a store of it differentiates; nil for the loss, which comes from any f.
  public var storeTarget: GradientSource.Target? {
    switch self {
    case .output(let function): .output(function)
    case .jacobian: .jacobian
    case .loss: nil
    }
  }
}
