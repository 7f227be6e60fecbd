// Letters: n training examples, m queries, C checkpoints.
import Datasets
import Factors
import Foundation
import Gradients
import Networks
import Synchronization
import Tensors

/// A method over one or many checkpoints on the exact kernel, ready to be asked.
///
///     score = mean_c τ_c ∘ D        (`trajectory`: ½ mean trak ∘ D + ½ mean ntk-loo, each at unit
///                                    spread within a query)
///
/// Checkpoints are prepared (factors, kernel, Cholesky) once when all of them fit the memory budget,
/// else again for every block of queries; the scores are the same.
public final class InfluenceModel: Sendable {
  /// A checkpoint with the name it has in reports.
  public struct Checkpoint: Sendable {
    let name: String
    let source: GradientSource

    /// A network at one checkpoint.
    public init(name: String, source: GradientSource) {
      self.name = name
      self.source = source
    }
  }

  /// Training examples the exact kernel takes unless told otherwise.
  public static let standardExactLimit = 20_000

  /// The choices.
  public let options: ScoringOptions
  /// The training examples, n.
  public let training: Dataset
  /// Names of the checkpoints.
  public let checkpointNames: [String]
  private let checkpoints: [Checkpoint]
  private let trajectoryResiduals: [Float]?
  private let budget: Int
  /// For what has so many inputs, and more kernels than one, that keeping their products pays.
  private let inputGram: InputGram?
  private let keepsCheckpoints = Atomic(true)
  let prepared = Mutex<[String: any CheckpointScorer]>([:])
  /// What was learnt in preparing, kept when the scorer itself did not fit the budget.
  private let findings = Mutex<[String: (damping: DampingReport?, notes: [String])]>([:])
  private let weightCache = Mutex<[Float]?>(nil)
  private let scaleCache = Mutex<[Double]?>(nil)

  /// A method over checkpoints of the same network and data.
  ///
  /// - Parameters:
  ///   - trajectoryResiduals: mean of 1 − p_i over the recorded epochs, n values; needed when the
  ///     weight asks for it, and used for the damping of a single checkpoint when it is there.
  ///   - memoryBudget: bytes that prepared checkpoints may take together.
  /// - Throws: `InfluenceError` when the choices do not fit the data.
  public init(
    checkpoints: [Checkpoint], training: Dataset, options: ScoringOptions,
    trajectoryResiduals: [Float]? = nil, exactLimit: Int = InfluenceModel.standardExactLimit,
    memoryBudget: Int = 6 << 30
  ) throws {
    guard !checkpoints.isEmpty else {
      throw InfluenceError.noCheckpoints(selection: "the selection", available: "none")
    }
    guard training.count <= exactLimit else {
      throw InfluenceError.tooManyForExactKernel(count: training.count, limit: exactLimit)
    }
    let count = Double(training.count)
    try Memory.require(
      8 * count * count, for: "the exact kernel of \(training.count) training examples",
      remedy: "collect features (ascribe collect RUN) and score those (--kernel features).")
    if options.exampleWeight.source == .trajectory && trajectoryResiduals == nil {
      throw InfluenceError.noDynamics(
        weight: options.exampleWeight.description, run: checkpoints[0].name)
    }
    guard options.outputFunction.accepts(TargetValues(training.targets)) else {
      throw GradientError.outputFunction(name: options.outputFunction.rawValue)
    }
    self.checkpoints = checkpoints
    self.training = training
    self.options = options
    self.trajectoryResiduals = trajectoryResiduals
    checkpointNames = checkpoints.map(\.name)
    budget = memoryBudget
    // The damping's profile of a single checkpoint comes from a kernel of its own.
    let regresses =
      options.dampingProfile == .residual && checkpoints.count == 1 && trajectoryResiduals == nil
    let kernels = checkpoints.count * (options.method == .trajectory ? 2 : 1) + (regresses ? 1 : 0)
    inputGram =
      kernels > 1 && training.featureCount >= 256 ? InputGram(training.inputs) : nil
  }

  /// The network of the checkpoints.
  var network: Network? { checkpoints.first?.source.network }

  /// Scores of every query, m × n, or of their mean, 1 × n.
  public func scores(_ queries: Dataset, mean: Bool = false) throws -> Matrix<Float> {
    if options.method != .trajectory {
      var result = try meanOverCheckpoints(options.method) { try $0.scores(queries, mean: mean) }
      if options.method == .trak { result.multiplyColumns(by: try weights()) }
      return result
    }
    var trak = try meanOverCheckpoints(.trak) { try $0.scores(queries, mean: mean) }
    trak.multiplyColumns(by: try weights())
    let kernel = try meanOverCheckpoints(.ntkLeaveOneOut) { try $0.scores(queries, mean: mean) }
    return trak.combinedAtUnitSpread(with: kernel)
  }

  /// Calls `body` with the scores of one block of queries after the other; never all of them.
  ///
  /// - Parameter once: whether nothing else will be asked: then checkpoints that every block has been
  ///   through give their memory to the next.
  public func forEachBlock(
    of queries: Dataset, once: Bool = false, _ body: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    // Blocks as large as 512 MB of scores allow: fewer preparations when they do not all fit.
    let rows = max(queryBlock, (1 << 27) / max(1, training.count))
    try keepingCheckpoints(!once || queries.count > rows) {
      for range in (0..<queries.count).blocks(of: rows) {
        try body(range, try scores(queries.subset(Array(range))))
      }
    }
  }

  /// Calls `body` while prepared checkpoints are kept, or give their memory to the next.
  private func keepingCheckpoints<Result>(
    _ keeps: Bool, _ body: () throws -> Result
  ) rethrows -> Result {
    keepsCheckpoints.store(keeps, ordering: .relaxed)
    defer { keepsCheckpoints.store(true, ordering: .relaxed) }
    return try body()
  }

  /// τ(z_i, z_i) of every training example, n values.
  public func selfInfluence() throws -> [Float] {
    func meanSelf(_ method: Method) throws -> Matrix<Float> {
      try meanOverCheckpoints(method) {
        let scores = try $0.selfScores()
        return Matrix(scores, rows: 1, columns: scores.count)
      }
    }
    if options.method != .trajectory {
      var result = try meanSelf(options.method)
      if options.method == .trak { result.multiplyColumns(by: try weights()) }
      return result.elements
    }
    var trak = try meanSelf(.trak)
    trak.multiplyColumns(by: try weights())
    return trak.combinedAtUnitSpread(with: try meanSelf(.ntkLeaveOneOut)).elements
  }

  /// Kernel leave-one-out margins of the training examples, summed over the checkpoints.
  ///
  /// Each checkpoint gives its memory to the next: nothing else is asked of it.
  public func leaveOneOutMargins() throws -> [Float] {
    try keepingCheckpoints(false) {
      try meanOverCheckpoints(.ntkLeaveOneOut) { scorer in
        let margins = (scorer as? NTKLeaveOneOut)?.leaveOneOutMargins() ?? []
        return Matrix(margins, rows: 1, columns: margins.count)
      }.elements
    }
  }

  /// What was decided about damping, by checkpoint and part, once they are prepared.
  public func dampingReports() throws -> [(name: String, report: DampingReport)] {
    var reports: [(String, DampingReport)] = []
    for method in parts {
      for index in checkpoints.indices {
        guard let report = try findings(method, index).damping else { continue }
        reports.append(("\(checkpoints[index].name) (\(method.rawValue))", report))
      }
    }
    return reports
  }

  /// What the user should know about the gradients, each once.
  public func notes() throws -> [String] {
    var seen = Set<String>()
    var notes: [String] = []
    for method in parts {
      for index in checkpoints.indices {
        for note in try findings(method, index).notes where seen.insert(note).inserted {
          notes.append(note)
        }
      }
    }
    if let duplicates = training.duplicateNote() { notes.append(duplicates) }
    return notes
  }

  /// The example weights D, n values.
  public func weights() throws -> [Float] {
    if let known = weightCache.withLock({ $0 }) { return known }
    let residuals: [Float]
    switch options.exampleWeight.source {
    case .none: residuals = [Float](repeating: 1, count: training.count)
    case .trajectory: residuals = trajectoryResiduals ?? []
    case .final: residuals = meanResiduals(options.outputFunction)
    case .leaveOneOut:
      residuals = mean(
        try checkpoints.indices.map {
          (try scorer(.ntkLeaveOneOut, $0) as? NTKLeaveOneOut)?.trueClassResiduals() ?? []
        })
    }
    let weights = options.exampleWeight.applied(to: residuals)
    weightCache.withLock { $0 = weights }
    return weights
  }

  /// How λ is spread over the examples, n values; nil for evenly.
  ///
  /// The residual is that of the scored checkpoints when there are several, else the trajectory's,
  /// else the leave-one-out residual of the true class under even damping.
  public func dampingScales() throws -> [Double]? {
    guard options.dampingProfile == .residual else { return nil }
    if let known = scaleCache.withLock({ $0 }) { return known }
    let scales = try options.dampingProfile.scales(try dampingResiduals())
    scaleCache.withLock { $0 = scales }
    return scales
  }

  private func dampingResiduals() throws -> [Float] {
    if checkpoints.count == 1 {
      if let trajectoryResiduals { return trajectoryResiduals }
      // Sequences have no kernel regression to leave one out of.
      if case .tokens = training.targets { return meanResiduals(.margin) }
      return try NTKLeaveOneOut(
        source: checkpoints[0].source, training: training,
        outputFunction: options.outputFunction, rule: options.damping, scales: nil,
        diagnose: false, checkpoint: checkpoints[0].name, inputGram: inputGram
      ).trueClassResiduals()
    }
    return meanResiduals(.margin)
  }

  /// −∂ℓ/∂f, mean over the scored checkpoints; of the margin 1 − p of the labels.
  private func meanResiduals(_ function: OutputFunction) -> [Float] {
    mean(checkpoints.map { $0.source.residuals(of: training, function) })
  }

  var parts: [Method] {
    options.method == .trajectory ? [.trak, .ntkLeaveOneOut] : [options.method]
  }

  private func mean(_ values: [[Float]]) -> [Float] {
    training.ids.indices.map { i in
      values.reduce(Float(0)) { $0 + $1[i] } / Float(values.count)
    }
  }

  func meanOverCheckpoints(
    _ method: Method, _ body: (any CheckpointScorer) throws -> Matrix<Float>
  ) throws -> Matrix<Float> {
    var sum = try body(scorer(method, 0))
    for index in checkpoints.indices.dropFirst() {
      sum.add(try body(scorer(method, index)))
    }
    if checkpoints.count > 1 { sum.scale(by: 1 / Float(checkpoints.count)) }
    return sum
  }

  private func key(_ method: Method, _ index: Int) -> String { "\(method.rawValue) \(index)" }

  private func findings(
    _ method: Method, _ index: Int
  ) throws -> (damping: DampingReport?, notes: [String]) {
    if let known = findings.withLock({ $0[key(method, index)] }) { return known }
    let made = try scorer(method, index)
    return (made.damping, made.notes)
  }

  private func scorer(_ method: Method, _ index: Int) throws -> any CheckpointScorer {
    let key = key(method, index)
    if let known = prepared.withLock({ $0[key] }) { return known }
    let made = try make(
      method, checkpoints[index],
      diagnose: options.diagnosesDamping.includes(index, of: checkpoints.count))
    findings.withLock { $0[key] = (made.damping, made.notes) }
    guard keepsCheckpoints.load(ordering: .relaxed) else { return made }
    prepared.withLock { kept in
      let used = kept.values.reduce(0) { $0 + $1.byteCount }
      if used + made.byteCount <= budget { kept[key] = made }
    }
    return made
  }

  private func make(
    _ method: Method, _ checkpoint: Checkpoint, diagnose: Bool
  ) throws -> any CheckpointScorer {
    switch method {
    case .graddot, .gradcos:
      return try GradDot(
        source: checkpoint.source, training: training, outputFunction: options.outputFunction,
        cosine: method == .gradcos, checkpoint: checkpoint.name)
    case .trak:
      return try TRAK(
        source: checkpoint.source, training: training, outputFunction: options.outputFunction,
        rule: options.damping, scales: try dampingScales(), diagnose: diagnose,
        checkpoint: checkpoint.name, inputGram: inputGram)
    case .ntkLeaveOneOut, .trajectory:
      return try NTKLeaveOneOut(
        source: checkpoint.source, training: training, outputFunction: options.outputFunction,
        rule: options.damping, scales: try dampingScales(), diagnose: diagnose,
        checkpoint: checkpoint.name, inputGram: inputGram)
    }
  }
}
