// Letters: n training examples, m queries.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// `trak` at one checkpoint in its dual form, on the exact kernel: no projection noise.
///
///     τ[x,i] = [κ(x, Z) M⁻¹]_i        = φ_xᵀ (ΦᵀΦ + λI)⁻¹ φ_i
///
/// - Complexity: n²·Σ(I + O) + n³/3 + 2mn² flops.
/// - Precision: kernel in fp32, solve as `RidgeFactor` chooses; same bits for any thread count.
/// - Source: Park et al. 2023 (arXiv:2303.14186); unlike `traker`, the inverse keeps its scale.
struct TRAK: CheckpointScorer {
  let source: GradientSource
  let function: OutputFunction
  let data: Dataset
  private let training: KernelGradients
  let ridge: KernelRidge
  let damping: DampingReport?
  private let isZero: [Bool]
  let notes: [String]

  var byteCount: Int { training.byteCount + ridge.factor.byteCount }

  init(
    source: GradientSource, training data: Dataset, outputFunction: OutputFunction,
    rule: DampingRule, scales: [Double]?, diagnose: Bool, checkpoint: String,
    inputGram: InputGram? = nil
  ) throws {
    self.source = source
    self.data = data
    function = outputFunction
    training = try KernelGradients(of: data, source: source, target: .output(outputFunction))
    let diagnosis = try GradientDiagnosis(
      squaredNorms: training.squaredNorms, data: data, checkpoint: checkpoint)
    (notes, isZero) = (diagnosis.notes, diagnosis.isZero)
    let kernel = try training.lowerKernel(inputGram: inputGram)
    let report = try rule.choose(for: kernel, scales: scales, diagnose: diagnose) {
      // The ridge model behind TRAK predicts what is left to learn at each example.
      let residuals = source.residuals(of: data, outputFunction)
      return Matrix(residuals.map { Double($0) }, rows: residuals.count, columns: 1)
    }
    damping = report
    ridge = try KernelRidge(kernel: consume kernel, damping: report.damping, scales: scales)
  }

  func scores(_ queries: Dataset, mean: Bool) throws -> Matrix<Float> {
    var rows = Matrix<Float>(rows: mean ? 1 : queries.count, columns: training.count)
    try training.forEachRows(of: queries, target: .output(function), atMost: queryBlock) { block in
      rows.take(block.kernel, at: block.range.lowerBound, meanOver: mean ? queries.count : nil)
    }
    return ridge.solve(rows: rows)
  }

  func selfScores() -> [Float] {
    ridge.leverages(inverseDiagonal: ridge.inverseDiagonal(), isZero: isZero).map { Float($0) }
  }
}
