// Letters: n training examples, m queries, C outputs.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// `ntk-loo`: exact leave-one-out of kernel ridge regression with the trace kernel.
///
///     τ[x,i] = [κ(x, Z) M⁻¹]_i · ⟨r_i, ∂f/∂z(x)⟩
///     K = Σ_c ⟨∇z_c, ∇z_c′⟩ / C,   M = K + λ·diag(s),   α = M⁻¹ (Y − Ȳ),   r_i = α_i / (M⁻¹)_ii
///
/// Leaving z_i out of the regression moves its outputs at x by −[κ(x, Z) M⁻¹]_i r_i.
///
/// - Complexity: n²·Σ(I + C·O) + 2n³/3 + 2mn² flops.
/// - Precision: kernel in fp32, solves as `RidgeFactor` chooses; same bits for any thread count.
/// - Source: closed form; METHODS.md section 4.
public struct NTKLeaveOneOut: CheckpointScorer {
  private let source: GradientSource
  private let function: OutputFunction
  private let data: Dataset
  private let training: KernelGradients
  let ridge: KernelRidge
  let inverseDiagonal: [Double]
  /// r, n × C: what each one-hot (or real) target is from its prediction without the example.
  public let residuals: Matrix<Double>
  let damping: DampingReport?
  private let isZero: [Bool]
  let notes: [String]

  var byteCount: Int { training.byteCount + ridge.factor.byteCount }

  init(
    source: GradientSource, training data: Dataset, outputFunction: OutputFunction,
    rule: DampingRule, scales: [Double]?, diagnose: Bool, checkpoint: String,
    inputGram: InputGram? = nil
  ) throws {
    if case .tokens = data.targets {
      throw InfluenceError.notDefined(
        name: "ntk-loo", reason: "it regresses one target an example, and these are sequences",
        option: "--method")
    }
    self.source = source
    self.data = data
    function = outputFunction
    training = try KernelGradients(of: data, source: source, target: .jacobian, compacts: true)
    let diagnosis = try GradientDiagnosis(
      squaredNorms: training.squaredNorms, data: data, checkpoint: checkpoint)
    (notes, isZero) = (diagnosis.notes, diagnosis.isZero)
    let kernel = try training.lowerKernel(inputGram: inputGram)
    let targets = data.targets.centred(outputs: source.network.outputCount)
    let report = try rule.choose(for: kernel, scales: scales, diagnose: diagnose) { targets }
    damping = report
    ridge = try KernelRidge(kernel: consume kernel, damping: report.damping, scales: scales)
    inverseDiagonal = ridge.inverseDiagonal()
    residuals = ridge.leaveOneOutResiduals(targets: targets, inverseDiagonal: inverseDiagonal)
  }

  func scores(_ queries: Dataset, mean: Bool) throws -> Matrix<Float> {
    mean ? try meanScores(queries) : try eachScores(queries)
  }

  private func eachScores(_ queries: Dataset) throws -> Matrix<Float> {
    var result = Matrix<Float>(rows: queries.count, columns: training.count)
    try forEachSolvedBlock(queries) { range, solved, slopes in
      var rows = solved
      rows.multiply(by: product(MatrixView(slopes), MatrixView(floatResiduals).transposed))
      result.take(rows, at: range.lowerBound, meanOver: nil)
    }
    return result
  }

  /// Calls `body` with κ(x, Z) (K + λI)⁻¹ and ∂f/∂z of one block of queries after the other.
  func forEachSolvedBlock(
    _ queries: Dataset, _ body: (Range<Int>, Matrix<Float>, Tensor) throws -> Void
  ) throws {
    try forEachKernelBlock(queries) { range, kernel, slopes in
      try body(range, ridge.solve(rows: kernel), slopes)
    }
  }

  /// Calls `body` with κ(x, Z) and ∂f/∂z of one block of queries after the other.
  private func forEachKernelBlock(
    _ queries: Dataset, _ body: (Range<Int>, Matrix<Float>, Tensor) throws -> Void
  ) throws {
    try training.forEachRows(of: queries, target: .jacobian, atMost: queryBlock) { block in
      try body(
        block.range, block.kernel,
        function.gradient(block.outputs, TargetValues(block.queries.targets)))
    }
  }

  /// The mean over the queries is linear in C kernel rows: Σ_c r[i,c] [mean_x ∂f/∂z_c κ(x, Z) M]_i.
  private func meanScores(_ queries: Dataset) throws -> Matrix<Float> {
    let classes = source.network.outputCount
    let rows = Matrix<Float>(rows: classes, columns: training.count)
    try forEachKernelBlock(queries) { _, kernel, slopes in
      gemm(
        MatrixView(slopes).transposed, MatrixView(kernel),
        into: MatrixView(rows), alpha: 1 / Float(queries.count), beta: 1)
    }
    let solved = ridge.solve(rows: rows)
    var result = Matrix<Float>(rows: 1, columns: training.count)
    for i in 0..<training.count {
      var sum = 0.0
      for c in 0..<classes { sum += residuals[i, c] * Double(solved[c, i]) }
      result[0, i] = Float(sum)
    }
    return result
  }

  func selfScores() -> [Float] {
    let slopes = function.gradient(training.outputs, TargetValues(data.targets))
    let leverages = ridge.leverages(inverseDiagonal: inverseDiagonal, isZero: isZero)
    return leverages.indices.map { i in
      var sum = 0.0
      for c in 0..<residuals.columns { sum += residuals[i, c] * Double(slopes[i, c]) }
      return Float(leverages[i] * sum)
    }
  }

  /// The margin of each training example under the regression fitted without it.
  ///
  /// The prediction for its label against the best other class. Negative: the others say another
  /// label.
  ///
  /// - Returns: n values; for numbers, minus the squared residual.
  public func leaveOneOutMargins() -> [Float] {
    let targets = data.targets.centred(outputs: residuals.columns)
    guard let classes = data.classes else {
      return (0..<residuals.rows).map { i in
        Float(-residuals.row(i).reduce(0) { $0 + $1 * $1 })
      }
    }
    // Predictions ŷ₋ᵢ = y − r; centring by class frequencies is undone.
    let means = data.targets.means(outputs: residuals.columns)
    return classes.enumerated().map { i, y in
      let prediction = (0..<residuals.columns).map {
        targets[i, $0] + means[$0] - residuals[i, $0]
      }
      let others = prediction.indices.lazy.filter { $0 != Int(y) }.map { prediction[$0] }
      return Float(prediction[Int(y)] - (others.max() ?? 0))
    }
  }

  /// r_{i,y}: how far the regression without z_i is from its label (or its number).
  public func trueClassResiduals() -> [Float] {
    guard let classes = data.classes else {
      return (0..<residuals.rows).map { Float(residuals[$0, 0]) }
    }
    return classes.enumerated().map { Float(residuals[$0, Int($1)]) }
  }

  private var floatResiduals: Matrix<Float> {
    Matrix(residuals.elements.map { Float($0) }, rows: residuals.rows, columns: residuals.columns)
  }
}

extension Targets {
  /// Mean of each column of the one-hot (or real) targets.
  func means(outputs: Int) -> [Double] {
    let rows = matrix(outputs: outputs)
    return (0..<outputs).map { c in
      (0..<rows.rows).reduce(0) { $0 + rows[$1, c] } / Double(max(1, rows.rows))
    }
  }

  /// One-hot (or real) targets less their means, n × C.
  func centred(outputs: Int) -> Matrix<Double> {
    var rows = matrix(outputs: outputs)
    for (c, mean) in means(outputs: outputs).enumerated() {
      for i in 0..<rows.rows { rows[i, c] -= mean }
    }
    return rows
  }

  private func matrix(outputs: Int) -> Matrix<Double> {
    switch self {
    case .classes(let classes, _):
      var rows = Matrix<Double>(repeating: 0, rows: classes.count, columns: outputs)
      for (i, y) in classes.enumerated() { rows[i, Int(y)] = 1 }
      return rows
    case .values(let values):
      return Matrix(values.elements.map { Double($0) }, rows: values.shape[0], columns: outputs)
    case .tokens: preconditionFailure("one target an example of sequences")
    }
  }
}

extension Matrix where Scalar == Float {
  /// Multiplies element by element.
  mutating func multiply(by other: Matrix<Float>) {
    let target = writableStorage()
    VectorMath.multiply(target.base, other.storage.base, into: target.base, count: count)
  }
}
