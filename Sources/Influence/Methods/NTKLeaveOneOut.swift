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
/// - Complexity: that of the kernel's ridge model and its residuals; 2mn² or 2mnk flops for scores.
/// - Source: closed form; METHODS.md section 4.
struct NTKLeaveOneOut: CheckpointScorer, GroupDeletion, GroupPredictor, LeavesOneOut {
  private let kernel: any GradientKernel
  private let ridge: any RidgeModel
  private let function: OutputFunction
  private let targets: Targets
  /// r, n × C: what each one-hot (or real) target is from its prediction without the example.
  let residuals: Matrix<Double>

  init(_ context: ScoringContext) throws {
    try context.requireLabels("ntk-loo")
    function = context.options.outputFunction
    targets = context.training.targets
    kernel = try context.kernel(.jacobian)
    let outputs = kernel.source.outputCount
    let targets = targets
    let centred = targets.centred(outputs: outputs, without: kernel.deletedRows)
    ridge = try kernel.ridge(try context.damping(leavesOneOut: true) { centred })
    residuals = try ridge.leaveOneOutResiduals(targets: centred)
  }

  var damping: DampingReport? { ridge.report }
  var notes: [String] { kernel.notes + ridge.notes }
  var byteCount: Int { kernel.byteCount + ridge.byteCount + 8 * residuals.count }
  var deletedRows: [Int] { kernel.deletedRows }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    let (solved, slopes) = try solved(queries, mean: mean)
    let residuals = residuals
    return MappedProducts(base: solved, rows: mean ? 1 : queries.count) { range, block in
      let r = residuals.floatRows(range)
      guard mean else {
        var scores = block
        scores.multiply(by: product(MatrixView(slopes), MatrixView(r).transposed))
        return scores
      }
      // The mean over the queries is linear in C rows: Σ_c r[i,c] [mean_x ∂f/∂z_c κ(x, Z) M⁻¹]_i.
      var sum = Matrix<Float>(rows: 1, columns: range.count)
      for i in 0..<range.count {
        sum[0, i] = Float(
          (0..<block.rows).reduce(0.0) { $0 + Double(r[i, $1]) * Double(block[$1, i]) })
      }
      return sum
    }
  }

  /// κ(x, Z) M⁻¹ and ∂f/∂z of the queries; of their mean the C sums as `coordinates` has them.
  func solved(
    _ queries: Dataset, mean: Bool
  ) throws -> (products: any TrainingProducts, slopes: Matrix<Float>) {
    let (rows, slopes) = try coordinates(of: queries, mean: mean)
    return (try ridge.solve(rows), slopes)
  }

  /// The queries' coordinates and ∂f/∂z, m each; of their mean the C sums Σ_x ∂f/∂z_c κ(x, Z) / m.
  private func coordinates(
    of queries: Dataset, mean: Bool
  ) throws -> (rows: Matrix<Float>, slopes: Matrix<Float>) {
    let classes = residuals.columns
    var rows = Matrix<Float>(rows: mean ? classes : queries.count, columns: kernel.width)
    var slopes = Matrix<Float>(rows: mean ? 0 : queries.count, columns: classes)
    try kernel.forEachRows(of: queries, target: .jacobian) { block in
      let own = Matrix<Float>(
        function.gradient(block.outputs, TargetValues(block.queries.targets)))
      if mean {
        gemm(
          MatrixView(own).transposed, MatrixView(block.rows),
          into: MatrixView(rows), alpha: 1 / Float(queries.count), beta: 1)
      } else {
        rows.take(block.rows, at: block.range.lowerBound, meanOver: nil)
        slopes.take(own, at: block.range.lowerBound, meanOver: nil)
      }
    }
    return (rows, slopes)
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    let slopes = function.gradient(try kernel.outputs(), TargetValues(training.targets))
    let leverages = try ridge.leverages()
    return leverages.indices.map { i in
      var sum = 0.0
      for c in 0..<residuals.columns { sum += residuals[i, c] * Double(slopes[i, c]) }
      return Float(leverages[i] * sum)
    }
  }

  /// Σ_c r_{i,c} [mean_x ∂f/∂z_c(x) κ_P(x, Z)] M⁻¹ e_i, κ_P over the parameters of part P.
  func partScores(
    _ queries: Dataset, rows: [Int], by partition: GradientPartition
  ) throws -> Matrix<Double> {
    let slopes = function.gradient(
      try kernel.source.outputs(of: queries), TargetValues(queries.targets))
    let sums = TrainingSums.weighted(try ridge.inverse(rows: rows, of: kernel))
    func parts(_ weights: [Float]) throws -> Matrix<Double> {
      try kernel.partSums(
        of: queries, weights: weights, target: .jacobian, by: partition, sums)
    }
    let classes = residuals.columns
    if queries.count == 1 {
      // One pass in place of one an output.
      return try parts([1]).scaled(
        columns: rows.map { i in
          (0..<classes).reduce(0) { $0 + residuals[i, $1] * Double(slopes[0, $1]) }
        })
    }
    var result = Matrix<Double>(repeating: 0, rows: partition.count, columns: rows.count)
    for c in 0..<classes {
      let own = try parts((0..<queries.count).map { slopes[$0, c] / Float(queries.count) })
      for part in 0..<own.rows {
        for (place, i) in rows.enumerated() {
          result[part, place] += residuals[i, c] * own[part, place]
        }
      }
    }
    return result
  }

  func leaveOneOutPredictions() -> Matrix<Float> {
    let centred = targets.centred(outputs: residuals.columns, without: kernel.deletedRows)
    // Predictions ŷ₋ᵢ = y − r; centring by class frequencies is undone.
    let means = targets.means(outputs: residuals.columns, without: kernel.deletedRows)
    var result = Matrix<Float>(uninitialized: residuals.columns, residuals.rows)
    let values = result.writableStorage().base
    for c in 0..<residuals.columns {
      for i in 0..<residuals.rows {
        values[c * residuals.rows + i] = Float(centred[i, c] + means[c] - residuals[i, c])
      }
    }
    return result
  }

  func leaveOneOutMargins(_ predictions: Matrix<Float>) -> [Float] {
    guard case .classes(let classes, _) = targets else {
      return (0..<residuals.rows).map { i in
        Float(-residuals.row(i).reduce(0) { $0 + $1 * $1 })
      }
    }
    return classes.enumerated().map { i, y in
      let others = (0..<predictions.rows).lazy.filter { $0 != Int(y) }.map { predictions[$0, i] }
      return predictions[Int(y), i] - (others.max() ?? 0)
    }
  }

  func trueClassResiduals() -> [Float] {
    guard case .classes(let classes, _) = targets else {
      return (0..<residuals.rows).map { Float(residuals[$0, 0]) }
    }
    return classes.enumerated().map { Float(residuals[$0, Int($1)]) }
  }

  /// R_S: what the targets of a group are from their predictions without the group, s × C.
  private func residuals(without group: [Int]) throws -> Matrix<Double> {
    let classes = residuals.columns
    let inverse = try ridge.inverseDiagonal()
    let dual = Matrix<Double>(uninitialized: group.count, classes)
    for (row, member) in group.enumerated() {
      for c in 0..<classes {
        dual.storage.base[row * classes + c] = residuals[member, c] * inverse[member]
      }
    }
    return try ridge.groupResiduals(group, dual: dual)
  }

  func predictions(of queries: Dataset, without group: [Int]) throws -> GroupPredictions {
    let classes = residuals.columns
    let without = try residuals(without: group)
    let centred = targets.centred(outputs: classes, without: kernel.deletedRows)
    let means = targets.means(outputs: classes, without: kernel.deletedRows)
    var whole = Matrix<Float>(uninitialized: queries.count, classes)
    var left = Matrix<Float>(uninitialized: queries.count, classes)
    try kernel.forEachRows(of: queries, target: .jacobian) { block in
      let solved = try ridge.solve(block.rows)
      // h Y, block by block of the training examples.
      var sums = Matrix<Float>(rows: block.range.count, columns: classes)
      for range in (0..<centred.rows).blocks(of: 4_096) {
        gemm(
          MatrixView(try solved.block(range)), MatrixView(centred.floatRows(range)),
          into: MatrixView(sums), alpha: 1, beta: 1)
      }
      for c in 0..<classes {
        let falls = try solved.sums(group, weights: group.indices.map { without[$0, c] })
        for (place, query) in block.range.enumerated() {
          whole[query, c] = sums[place, c] + Float(means[c])
          left[query, c] = Float(Double(whole[query, c]) - falls[place])
        }
      }
    }
    return GroupPredictions(whole: whole, without: left)
  }

  func deletion(
    of queries: Dataset, group: [Int], weights: () throws -> [Float]
  ) throws -> [Double] {
    let classes = residuals.columns
    let without = try residuals(without: group)
    let (rows, slopes) = try coordinates(of: queries, mean: false)
    let solved = try ridge.solve(rows)
    var falls = [Double](repeating: 0, count: queries.count)
    for c in 0..<classes {
      let sums = try solved.sums(group, weights: group.indices.map { without[$0, c] })
      for query in falls.indices { falls[query] += Double(slopes[query, c]) * sums[query] }
    }
    return falls
  }
}

extension Method {
  /// Exact leave-one-out of kernel ridge regression with the trace kernel.
  public static let ntkLeaveOneOut = Method(
    name: "ntk-loo", title: "exact leave-one-out of kernel regression with the trace kernel",
    source: "closed form; METHODS.md section 4", gradients: .jacobian, unit: .change,
    needs: [.solve, .labels], cost: { $0.ridge(.outputs, leavesOneOut: true) },
    prepare: { try NTKLeaveOneOut($0) })
}

extension Targets {
  /// Mean of each column of the one-hot (or real) targets.
  ///
  /// - Parameter deleted: rows that do not count.
  func means(outputs: Int, without deleted: [Int] = []) -> [Double] {
    let rows = matrix(outputs: outputs)
    let gone = Set(deleted)
    let kept = gone.isEmpty ? Array(0..<rows.rows) : (0..<rows.rows).filter { !gone.contains($0) }
    return (0..<outputs).map { c in
      kept.reduce(0) { $0 + rows[$1, c] } / Double(max(1, kept.count))
    }
  }

  /// One-hot (or real) targets less their means, n × C.
  func centred(outputs: Int, without deleted: [Int] = []) -> Matrix<Double> {
    var rows = matrix(outputs: outputs)
    for (c, mean) in means(outputs: outputs, without: deleted).enumerated() {
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

extension Matrix where Scalar == Double {
  /// Some rows rounded to float.
  func floatRows(_ range: Range<Int>) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: range.count, columns)
    for i in 0..<result.count {
      result.storage.base[i] = Float(storage.base[range.lowerBound * columns + i])
    }
    return result
  }
}
