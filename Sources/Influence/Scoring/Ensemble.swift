// Letters: n training examples, m queries, C checkpoints.
import Datasets
import Gradients
import Networks
import Storage
import Synchronization
import Tensors

/// A method over one or many checkpoints, on exact kernels or on stored features, ready to be asked.
///
///     score = mean_c τ_c ∘ D        (or what the method's `pooling` says; combinations: the mean
///                                    of such, each at unit spread within a query)
///
/// Checkpoints are prepared (kernel, factor) once when all of them fit the memory budget, else again
/// for every block of queries; the scores are the same.
public final class Ensemble: Sendable {
  /// Training examples the exact kernel takes unless told otherwise.
  public static let standardExactLimit = 20_000

  /// Bytes that prepared checkpoints may take together unless told otherwise: a quarter of the
  /// memory that this process may have.
  ///
  /// Scores do not depend on it: a checkpoint prepared again is the same to the bit.
  public static var standardBudget: Int { Memory.available / 4 }

  /// The choices.
  public let options: ScoringOptions
  /// The training examples, n.
  public let training: Dataset
  let checkpoints: [any ScoredCheckpoint]
  private let trajectoryResiduals: [Float]?
  private let budget: Int
  private let control: JobControl
  let prepared = Mutex<[ScorerKey: any CheckpointScorer]>([:])
  /// What was learnt in preparing, kept when the scorer itself did not fit the budget.
  private let findings = Mutex<[ScorerKey: Findings]>([:])
  private let weightValues = Once<[Float]>()
  private let scaleValues = Once<[Double]?>()

  /// A method at a checkpoint.
  struct ScorerKey: Hashable {
    let method: Method
    let checkpoint: Int
  }

  private struct Findings {
    let damping: DampingReport?
    let notes: [String]
  }

  /// A method over checkpoints of the same network and data.
  ///
  /// - Parameters:
  ///   - trajectoryResiduals: mean of 1 − p_i over the recorded epochs, n values; needed when the
  ///     weight asks for it, and used for the damping of a single checkpoint when it is there.
  ///   - exactLimit: most training examples of an exact kernel matrix.
  ///   - memoryBudget: bytes that prepared checkpoints may take together.
  ///   - control: where methods that take long for a query report to.
  /// - Throws: `InfluenceError` when the choices do not fit the data.
  public init(
    checkpoints: [any ScoredCheckpoint], training: Dataset, options: ScoringOptions,
    trajectoryResiduals: [Float]? = nil, exactLimit: Int = Ensemble.standardExactLimit,
    memoryBudget: Int = Ensemble.standardBudget, control: JobControl = .silent
  ) throws {
    self.control = control
    guard let first = checkpoints.first else {
      throw InfluenceError.noCheckpoints(selection: "the selection", available: "none")
    }
    try options.method.requireFit(training, first.source, isExact: first.isExact)
    if options.method.needsSolve && first.isExact {
      try Ensemble.requireRoom(for: training.count, limit: exactLimit)
    }
    if options.exampleWeight.source == .trajectory && trajectoryResiduals == nil {
      throw InfluenceError.noDynamics(
        weight: options.exampleWeight.description, run: first.name)
    }
    for method in options.method.parts { _ = try CheckpointFactors(method, checkpoints) }
    guard options.outputFunction.accepts(TargetValues(training.targets)) else {
      throw GradientError.outputFunction(name: options.outputFunction.rawValue)
    }
    self.checkpoints = checkpoints
    self.training = training
    self.options = options
    self.trajectoryResiduals = trajectoryResiduals
    budget = memoryBudget
  }

  private static func requireRoom(for count: Int, limit: Int) throws {
    guard count <= limit else {
      throw InfluenceError.tooManyForExactKernel(count: count, limit: limit)
    }
    try Memory.require(
      4 * Double(count) * Double(count), for: "the exact kernel of \(count) training examples",
      remedy: "collect features (ascribe collect RUN) and score those (‹kernel: features›).")
  }

  /// Names of the checkpoints.
  public var checkpointNames: [String] { checkpoints.map(\.name) }

  /// Whether the kernels are exact.
  public var isExact: Bool { checkpoints.first?.isExact ?? true }

  /// `exact`, or the projector; and the layers, where it is over some.
  public var kernelName: String { kernel.name }

  /// Where the kernels come from.
  public var kernel: ScoreDescription.Kernel {
    guard let first = checkpoints.first else { return .exact }
    return ScoreDescription.Kernel(
      name: first.source.kernelName(first.kernelName),
      kind: first.isExact ? .exact : .features,
      projector: first.isExact ? nil : first.kernelName, dimension: first.projectionDimension)
  }

  // MARK: Scorers

  /// Calls `body` with the method prepared at each checkpoint in turn, and the checkpoint's place.
  ///
  /// - Parameter keeps: whether a checkpoint is kept for the next question, as far as the budget
  ///   goes; else it gives its memory to the next.
  func forEachScorer(
    of method: Method, keeps: Bool, _ body: (any CheckpointScorer, Int) throws -> Void
  ) throws {
    for index in checkpoints.indices {
      let made = try scorer(method, index, keeps: keeps)
      try body(made, index)
      // Some things are found in answering, such as a kept factor that is damaged.
      note(made, ScorerKey(method: method, checkpoint: index))
    }
  }

  private func scorer(
    _ method: Method, _ index: Int, keeps: Bool
  ) throws -> any CheckpointScorer {
    let key = ScorerKey(method: method, checkpoint: index)
    if let known = prepared.withLock({ $0[key] }) { return known }
    guard case .scorer(let prepare) = method.form else {
      preconditionFailure("\(method) is made of others")
    }
    let made = try prepare(
      ScoringContext(
        method: method, options: options, training: training, checkpoint: checkpoints[index],
        diagnoses: options.diagnosesDamping.includes(index, of: checkpoints.count),
        scales: { try self.dampingScales() }, control: control))
    note(made, key)
    guard keeps else { return made }
    prepared.withLock { kept in
      let used = kept.values.reduce(0) { $0 + $1.byteCount }
      if used + made.byteCount <= budget { kept[key] = made }
    }
    return made
  }

  private func note(_ made: any CheckpointScorer, _ key: ScorerKey) {
    findings.withLock { $0[key] = Findings(damping: made.damping, notes: made.notes) }
  }

  private func findings(_ method: Method, _ index: Int) throws -> Findings {
    let key = ScorerKey(method: method, checkpoint: index)
    if let known = findings.withLock({ $0[key] }) { return known }
    let made = try scorer(method, index, keeps: true)
    return Findings(damping: made.damping, notes: made.notes)
  }

  /// What was decided about damping, by checkpoint and part, once they are prepared.
  public func dampingReports() throws -> [(name: String, report: DampingReport)] {
    var reports: [(String, DampingReport)] = []
    for method in options.method.parts {
      for index in checkpoints.indices {
        guard let report = try findings(method, index).damping else { continue }
        reports.append(("\(checkpoints[index].name) (\(method.name))", report))
      }
    }
    return reports
  }

  /// What the user should know about the gradients, each once.
  public func notes() throws -> [String] {
    var seen = Set<String>()
    var notes: [String] = []
    for method in options.method.parts {
      for index in checkpoints.indices {
        for note in try findings(method, index).notes where seen.insert(note).inserted {
          notes.append(note)
        }
      }
    }
    if let duplicates = training.duplicateNote() { notes.append(duplicates) }
    if training.weights != nil {
      notes.append(
        "the training examples have weights (training.weights); scores are those of a training in "
          + "which every example counts alike")
    }
    for (name, report) in try dampingReports() {
      if let note = report.note { notes.append("\(name): \(note)") }
    }
    return KeepingNote.merged(notes)
  }

  // MARK: Weights and damping

  /// The example weights D, n values.
  public func weights() throws -> [Float] {
    try weightValues {
      let residuals: [Float]
      switch options.exampleWeight.source {
      case .none: residuals = [Float](repeating: 1, count: training.count)
      case .trajectory: residuals = trajectoryResiduals ?? []
      case .final:
        residuals = try meanResiduals(options.outputFunction.ofKernel(training.targets))
      case .leaveOneOut:
        var all: [[Float]] = []
        try forEachScorer(of: .ntkLeaveOneOut, keeps: true) { scorer, _ in
          if let scorer = scorer as? any LeavesOneOut { all.append(scorer.trueClassResiduals()) }
        }
        residuals = mean(all)
      }
      return options.exampleWeight.applied(to: residuals)
    }
  }

  /// How λ is spread over the examples, n values; nil for evenly.
  ///
  /// The residual is that of the scored checkpoints when there are several, else the trajectory's,
  /// else the leave-one-out residual of the true class under even damping; on features without a
  /// trace kernel there is none, and λ is spread evenly: one checkpoint's own residual says too
  /// little (METHODS.md, *Example weight*).
  public func dampingScales() throws -> [Double]? {
    guard options.dampingProfile == .residual else { return nil }
    return try scaleValues {
      guard let residuals = try dampingResiduals() else { return nil }
      let deleted = Set(checkpoints.flatMap(\.deletedRows))
      let kept = (0..<training.count).filter { !deleted.contains($0) }
      guard let scales = options.dampingProfile.scales(kept.map { residuals[$0] }) else {
        return nil
      }
      var all = [Double](repeating: 1, count: training.count)
      for (row, scale) in zip(kept, scales) { all[row] = scale }
      return all
    }
  }

  private func dampingResiduals() throws -> [Float]? {
    guard checkpoints.count == 1 else { return try meanResiduals(.margin) }
    if let trajectoryResiduals { return trajectoryResiduals }
    // Sequences have no kernel regression to leave one out of.
    if case .tokens = training.targets { return try meanResiduals(.margin) }
    guard checkpoints[0].hasTraceKernel else { return nil }
    return try NTKLeaveOneOut(
      ScoringContext(
        method: .ntkLeaveOneOut, options: options, training: training, checkpoint: checkpoints[0],
        diagnoses: false, scales: { nil }, control: control)
    ).trueClassResiduals()
  }

  /// −∂ℓ/∂f, mean over the scored checkpoints; of the margin 1 − p of the labels.
  private func meanResiduals(_ function: OutputFunction) throws -> [Float] {
    mean(try checkpoints.map { try $0.residuals(function) })
  }

  private func mean(_ values: [[Float]]) -> [Float] {
    (0..<training.count).map { i in
      values.reduce(Float(0)) { $0 + $1[i] } / Float(values.count)
    }
  }
}
