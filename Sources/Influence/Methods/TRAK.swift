// Letters: n training examples, m queries.
import Datasets
import Factors
import Gradients
import Networks
import Tensors

/// `trak` at one checkpoint.
///
///     τ[x,i] = [κ(x, Z) M⁻¹]_i        = φ_xᵀ (ΦᵀΦ + λI)⁻¹ φ_i    (times D_i, a wrapper)
///
/// - Complexity: that of the kernel's ridge model; 2mn² or 2mnk flops for scores.
/// - Source: Park et al. 2023 (arXiv:2303.14186); unlike `traker`, the inverse keeps its scale.
struct TRAK: CheckpointScorer, GroupDeletion {
  private let kernel: any GradientKernel
  private let ridge: any RidgeModel
  private let function: OutputFunction

  init(_ context: ScoringContext) throws {
    let trained = context.kernelFunction
    function = context.options.outputFunction
    kernel = try context.kernel(.output(trained))
    ridge = try kernel.ridge(
      try context.damping {
        // The ridge model behind TRAK predicts what is left to learn at each example.
        let residuals = try context.residuals(trained)
        return Matrix(residuals.map { Double($0) }, rows: residuals.count, columns: 1)
      })
  }

  var damping: DampingReport? { ridge.report }
  var notes: [String] { kernel.notes + ridge.notes }
  var byteCount: Int { kernel.byteCount + ridge.byteCount }
  var deletedRows: [Int] { kernel.deletedRows }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    try ridge.solve(try kernel.rows(of: queries, target: .output(function), mean: mean))
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    let leverages = try ridge.leverages().map { Float($0) }
    guard let slopes = try querySlopes(of: training) else { return leverages }
    return zip(leverages, slopes).map(*)
  }

  /// What the query's gradient is multiplied by beside the training example's; nil for 1.
  private func querySlopes(of data: Dataset) throws -> [Float]? {
    guard case .values = data.targets, function != .prediction else { return nil }
    let targets = TargetValues(data.targets)
    guard OutputFunction.prediction.accepts(targets) else { return nil }
    return function.gradient(try kernel.outputs(), targets).elements
  }

  func tokenScores(_ queries: Dataset, rows: [Int]) throws -> Matrix<Float> {
    let parts = try kernel.positionProducts(
      try kernel.direction(of: queries, function, solvedBy: ridge), rows: rows)
    return parts.scaled(rows: rows.map { Float(1 / (ridge.scales?[$0] ?? 1)) })
  }

  /// κ_P(x, Z) M⁻¹ e_i, κ_P over the parameters of part P.
  func partScores(
    _ queries: Dataset, rows: [Int], by partition: GradientPartition
  ) throws -> Matrix<Double> {
    let even = [Float](repeating: 1 / Float(queries.count), count: queries.count)
    return try kernel.partSums(
      of: queries, weights: even, target: .output(function), by: partition,
      .weighted(try ridge.inverse(rows: rows, of: kernel)))
  }

  /// h_S (λ diag(s_S) [M⁻¹]_SS)⁻¹ D_S.
  func deletion(
    of queries: Dataset, group: [Int], weights: () throws -> [Float]
  ) throws -> [Double] {
    let damping = ridge.report.damping
    guard damping > 0 else { throw InfluenceError.groupNeedsDamping }
    let values = try weights()
    let dual = Matrix(
      group.map { Double(values[$0]) / (damping * (ridge.scales?[$0] ?? 1)) },
      rows: group.count, columns: 1)
    let residuals = try ridge.groupResiduals(group, dual: dual)
    return try scores(of: queries, mean: false).sums(group, weights: residuals.elements)
  }
}

extension Method {
  /// [mean_c φ_x (ΦᵀΦ + λI)⁻¹ φ_i] · D_i.
  public static let trak = Method(
    name: "trak", title: "one Newton step of the linearised model, times the example's residual",
    source: "Park et al. 2023", gradients: .output, unit: .change, needs: [.solve],
    weighs: true, cost: { $0.ridge(.one) }, prepare: { try TRAK($0) })
}
