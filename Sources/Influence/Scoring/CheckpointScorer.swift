// Letters: n training examples, m queries, T positions.
import Datasets
import Factors
import Gradients
import Networks
import Runs
import Tensors

/// A method prepared at one checkpoint: factored once, asked many times.
public protocol CheckpointScorer: Sendable {
  /// What was decided about damping; nil for methods without.
  var damping: DampingReport? { get }
  /// What the user should know about the gradients.
  var notes: [String] { get }
  /// Bytes it holds on to.
  var byteCount: Int { get }
  /// Rows of the training set that were deleted: their scores mean nothing.
  var deletedRows: [Int] { get }
  /// Scores without example weights, positive = helped.
  ///
  /// - Returns: m × n; 1 × n, the mean over the queries, when `mean`.
  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts
  /// τ(z_i, z_i) without example weights.
  func selfScores(of training: Dataset) throws -> [Float]
  /// The parts of the scores of some training examples by position, for the mean of the queries.
  ///
  /// - Returns: rows × T, the part of the target that follows each position.
  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float>
  /// The same by the positions of one query: what follows each of them, rows × T.
  func queryTokenScores(_ query: Dataset, rows: [Int]) throws -> Matrix<Float>
  /// The parts of the scores of some training examples by the parameters that the query's gradient
  /// is taken by, for the mean of the queries.
  ///
  /// - Returns: parts × rows, without example weights.
  func partScores(
    _ queries: Dataset, rows: [Int], by partition: GradientPartition
  ) throws -> Matrix<Double>
}

/// A method that predicts every training example by a model fitted without it.
protocol LeavesOneOut: CheckpointScorer {
  /// What the model fitted without each training example predicts for it, C × n: of classes the
  /// one-hot targets, near a probability.
  func leaveOneOutPredictions() -> Matrix<Float>
  /// The margin of each training example under the model fitted without it.
  ///
  /// The prediction for its label against the best other class. Negative: the others say another
  /// label.
  ///
  /// - Parameter predictions: `leaveOneOutPredictions()`.
  /// - Returns: n values; for numbers, minus the squared residual.
  func leaveOneOutMargins(_ predictions: Matrix<Float>) -> [Float]
  /// r_{i,y}: how far the model without z_i is from its label (or its number).
  func trueClassResiduals() -> [Float]
}

/// What a method is made from at one checkpoint.
public struct ScoringContext: Sendable {
  /// The method that is made ready.
  public let method: Method
  /// The choices.
  public let options: ScoringOptions
  /// The training examples, n.
  public let training: Dataset
  /// The checkpoint.
  public let checkpoint: any ScoredCheckpoint
  /// Whether the spectrum is computed although the damping rule does not need it.
  let diagnoses: Bool
  let scales: @Sendable () throws -> [Double]?
  /// Where long work reports to, and where it asks whether to go on.
  let control: JobControl

  /// The training examples' f: that of the options, but `prediction` where f is a function of one
  /// number predicted (METHODS.md section 1).
  public var kernelFunction: OutputFunction {
    options.outputFunction.ofKernel(training.targets)
  }

  /// The kernel of a target at the checkpoint.
  public func kernel(_ target: KernelTarget) throws -> any GradientKernel {
    try checkpoint.kernel(target, diagnoses: diagnoses)
  }

  /// −∂ℓ/∂f of the training examples at the checkpoint, n values.
  public func residuals(_ function: OutputFunction) throws -> [Float] {
    try checkpoint.residuals(function)
  }

  /// The damping as it was chosen.
  ///
  /// - Parameters:
  ///   - leavesOneOut: whether examples will be left out of the model.
  ///   - targets: what the ridge model predicts, n × C, for cross-validation.
  public func damping(
    leavesOneOut: Bool = false, targets: @escaping @Sendable () throws -> Matrix<Double>
  ) throws -> DampingChoice {
    DampingChoice(
      rule: options.damping, scales: try scales(), diagnoses: diagnoses,
      needsDiagonal: leavesOneOut, targets: targets)
  }

  /// Refuses sequences, whose next tokens are no labels.
  public func requireLabels(_ name: String) throws(InfluenceError) {
    try training.targets.requireLabels(name)
  }
}

extension Targets {
  /// Refuses next tokens, which are no labels, for a method that regresses on labels.
  func requireLabels(_ name: String) throws(InfluenceError) {
    guard case .tokens = self else { return }
    throw .notDefined(
      name: name, reason: "it regresses one target an example, and these are sequences",
      option: "‹method›")
  }
}

extension OutputFunction {
  /// What the training examples' gradients are of.
  public func ofKernel(_ targets: Targets) -> OutputFunction {
    guard case .values(let values) = targets, values.rowLength == 1 else { return self }
    return .prediction
  }
}

/// One checkpoint of an ensemble: where its kernels come from.
public protocol ScoredCheckpoint: Sendable {
  /// Its name in reports.
  var name: String { get }
  /// Where in the training it stands; nil where there was none.
  var place: TrainingPlace? { get }
  /// Where its gradients come from.
  var source: any GradientProvider { get }
  /// `exact`, or the projector.
  var kernelName: String { get }
  /// k, where one projector dimension is behind its kernels; else nil.
  var projectionDimension: Int? { get }
  /// Whether the kernel is exact: an n × n matrix where a method solves.
  var isExact: Bool { get }
  /// Rows of the training set that were deleted: they are in no mean.
  var deletedRows: [Int] { get }
  /// Whether it has the trace kernel.
  var hasTraceKernel: Bool { get }
  /// The kernel of a target.
  ///
  /// - Parameter diagnoses: whether spectra of it are wanted.
  func kernel(_ target: KernelTarget, diagnoses: Bool) throws -> any GradientKernel
  /// −∂ℓ/∂f of the training examples, n values.
  func residuals(_ function: OutputFunction) throws -> [Float]
}

extension ScoredCheckpoint {
  /// Of no training.
  public var place: TrainingPlace? { nil }
}

/// Queries whose kernel rows are computed at a time.
let queryBlock = 512

extension Matrix where Scalar == Float {
  /// Writes rows over those from `start` on, or adds their mean over `total` rows to the only row.
  mutating func take(_ rows: Matrix<Float>, at start: Int, meanOver total: Int?) {
    let target = writableStorage()
    guard let total else {
      (target.base + start * columns).update(from: rows.storage.base, count: rows.count)
      return
    }
    for row in 0..<rows.rows {
      VectorMath.axpy(
        1 / Float(total), rows.storage.base + row * columns, onto: target.base, count: columns)
    }
  }
}
