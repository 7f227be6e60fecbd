// Letters: n training examples, m queries, p parameters.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// The kernel of unprojected gradients through their factors: no projection noise.
///
/// A query's coordinates are its n kernel values.
///
/// - Complexity: 2mn·Σ(I + O) flops for T = 1; n²·Σ(I + O) more for a ridge model.
public struct ExactKernel: GradientKernel {
  private let data: Dataset
  private let training: KernelGradients
  private let diagnosis: GradientDiagnosis
  private let inputGram: SharedInputs?
  private let function: OutputFunction?
  private let keeper: (any RidgeKeeper)?

  /// The kernel of some examples at a checkpoint.
  ///
  /// - Throws: `InfluenceError.nonFiniteGradient`, `.allZero`; `GradientError`.
  init(
    of data: Dataset, source: any GradientProvider, target: KernelTarget, checkpoint: String,
    inputGram: SharedInputs? = nil, keeper: (any RidgeKeeper)? = nil
  ) throws {
    self.data = data
    self.inputGram = inputGram
    self.keeper = keeper
    switch target {
    case .output(let function): self.function = function
    case .loss: function = .loss
    case .jacobian: function = nil
    }
    training = try KernelGradients(
      of: data, source: source, target: function.map { .output($0) } ?? .jacobian,
      compacts: target == .jacobian)
    diagnosis = try GradientDiagnosis(
      squaredNorms: training.squaredNorms, data: data, checkpoint: checkpoint)
  }

  /// Where gradients at the checkpoint come from.
  public var source: any GradientProvider { training.source }
  /// n.
  public var count: Int { training.count }
  /// n.
  public var width: Int { training.count }
  /// None.
  public var deletedRows: [Int] { [] }
  /// What the user should know about the gradients.
  public var notes: [String] { diagnosis.notes }
  /// Bytes of the gradients that are held.
  public var byteCount: Int { training.byteCount }
  /// ‖g_i‖², n values.
  public func squaredNorms() -> [Float] { training.squaredNorms }
  /// Outputs of the training examples, n × C.
  public func outputs() -> Tensor { training.outputs }

  /// Calls `body` with the kernel rows of one block of queries after the other.
  public func forEachRows(
    of queries: Dataset, target: GradientSource.Target, _ body: (QueryRows) throws -> Void
  ) throws {
    try training.forEachRows(of: queries, target: target, atMost: queryBlock) { block in
      try body(
        QueryRows(
          range: block.range, queries: block.queries, rows: block.kernel, outputs: block.outputs,
          squaredNorms: { block.gradients.squaredNorms() }))
    }
  }

  /// The rows themselves.
  public func products(_ rows: Matrix<Float>) -> any TrainingProducts { HeldProducts(rows) }

  /// K + λ·diag(s), factored; or as it was kept.
  public func ridge(_ choice: DampingChoice) throws -> any RidgeModel {
    guard let keeper else { return try made(choice) }
    // With all that another choice of diagnosis would ask of the file.
    var complete = choice
    complete.diagnoses = true
    let whole = complete
    let again: @Sendable () throws -> DualRidge = { try self.made(whole) }
    let isZero = diagnosis.isZero
    if let kept = try keeper.ridge(choice, isZero: isZero, notes: [], remake: again) {
      return kept
    }
    let notes = [keeper.damage(choice)].compactMap { $0 }
    let made = try made(whole)
    if let note = keeper.keep(made, choice) {
      return made.reporting(
        choice.diagnoses ? made.report : made.report.brief, notes: notes + [note])
    }
    // The same path for the first question as for later ones: the same bits, and the memory is free.
    return try keeper.ridge(choice, isZero: isZero, notes: notes, remake: again) ?? made
  }

  private func made(_ choice: DampingChoice) throws -> DualRidge {
    let kernel = try training.lowerKernel(inputGram: inputGram?())
    let report = try choice.rule.choose(
      for: kernel, scales: choice.scales, diagnose: choice.diagnoses, targets: choice.targets)
    let ridge = try KernelRidge(
      kernel: consume kernel, damping: report.damping, scales: choice.scales)
    return DualRidge(ridge, report: report, isZero: diagnosis.isZero)
  }

  /// Σ_q w_q ∇f(q), p values.
  public func direction(
    of queries: Dataset, _ function: OutputFunction, weights: [Float]
  ) throws -> KernelDirection {
    .parameters(try network().gradientSum(of: queries, function, weights: weights))
  }

  /// u = (φ_x − Σ_j h_j φ_j)/λ, as M h = κ(Z, x) gives ⟨u, φ_i⟩ = s_i h_i.
  ///
  /// For λ = 0 it is (ΦᵀΦ)⁺ φ_x = Σ_j c_j φ_j with K c = h, as K c = h gives ⟨u, φ_i⟩ = h_i.
  public func direction(
    of queries: Dataset, _ function: OutputFunction, solvedBy ridge: any RidgeModel
  ) throws -> KernelDirection {
    guard let own = self.function else { preconditionFailure("a direction of all outputs") }
    let source = try network()
    let rows = try rows(of: queries, target: .output(function), mean: true)
    let solved = try ridge.solve(rows).block(0..<count)
    let damping = ridge.report.damping
    guard damping > 0 else {
      let dual = try ridge.solve(solved).block(0..<count)
      return .parameters(source.gradientSum(of: data, own, weights: dual.row(0)))
    }
    var along = source.gradientSum(of: data, own, weights: solved.row(0).map { -$0 })
    let even = [Float](repeating: 1 / Float(queries.count), count: queries.count)
    along.add(scaled: source.gradientSum(of: queries, function, weights: even), by: 1)
    return .parameters(along.scaled(by: Float(1 / damping)))
  }

  /// ⟨v, ∇f_t(z_i)⟩ from one tangent pass, rows × T.
  public func positionProducts(
    _ direction: KernelDirection, rows: [Int]
  ) throws -> Matrix<Float> {
    guard case .parameters(let along) = direction, let function else {
      preconditionFailure("a direction of another kernel")
    }
    return try network().tokenDerivatives(of: data.subset(rows), function, along: along)
  }

  /// Through the factors, part by part.
  public func partSums(
    of queries: Dataset, weights: [Float], target: GradientSource.Target,
    by partition: GradientPartition, _ sums: TrainingSums
  ) throws -> Matrix<Double> {
    try training.partSums(of: queries, weights: weights, target: target, by: partition, sums)
  }

  private func network() throws(GradientError) -> GradientSource {
    try source.network(for: "a score by token")
  }
}

/// Where ridge models on exact kernels are kept, so that what costs n³ is not computed again.
protocol RidgeKeeper: Sendable {
  /// The model as it was kept; nil when there is none that fits.
  ///
  /// - Parameters:
  ///   - notes: what is to be said of it.
  ///   - remake: makes the model from the kernel, with all that is kept of it.
  func ridge(
    _ choice: DampingChoice, isZero: [Bool], notes: [String],
    remake: @escaping @Sendable () throws -> DualRidge
  ) throws -> (any RidgeModel)?
  /// Why a model that is there cannot be used; nil when there is none, or none is damaged.
  func damage(_ choice: DampingChoice) -> String?
  /// Keeps a model, if there is room; else why not.
  func keep(_ ridge: DualRidge, _ choice: DampingChoice) -> String?
}

/// Products of the network's inputs that several kernels share, made when the first one asks.
final class SharedInputs: Sendable {
  private let inputs: Tensor
  private let value = Once<InputGram>()

  init(_ inputs: Tensor) { self.inputs = inputs }

  func callAsFunction() -> InputGram { value { InputGram(inputs) } }
}
