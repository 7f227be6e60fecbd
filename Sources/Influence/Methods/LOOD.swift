// Letters: n training examples, m queries, C outputs.
import Datasets
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// `lood`: how far the kernel regression's outputs at the query move without the example.
///
///     τ[x,i] = ± ‖[κ(x, Z) M⁻¹]_i r_i‖,   r_i = α_i / (M⁻¹)_ii,   the sign of ntk-loo
///
/// The distance of the posterior's means; its covariance does not depend on labels and is left out.
/// The paper's distance has no sign: the sign says whether f at the query falls without the example.
///
/// - Complexity: that of `ntk-loo`.
/// - Source: Ye et al. 2023 (arXiv:2309.17310), mean distance.
struct LOOD: CheckpointScorer {
  private let base: NTKLeaveOneOut

  init(_ context: ScoringContext) throws { base = try NTKLeaveOneOut(context) }

  var damping: DampingReport? { base.damping }
  var notes: [String] { base.notes }
  var byteCount: Int { base.byteCount }
  var deletedRows: [Int] { base.deletedRows }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    let (solved, slopes) = try base.solved(queries, mean: false)
    let residuals = base.residuals
    return MappedProducts(base: solved, rows: mean ? 1 : queries.count) { range, block in
      let r = residuals.floatRows(range)
      let sizes = r.squaredRowNorms().map { $0.squareRoot() }
      let along = product(MatrixView(slopes), MatrixView(r).transposed)
      var distances = block
      let values = distances.writableStorage()
      for q in 0..<block.rows {
        for i in 0..<range.count {
          let place = q * range.count + i
          values.base[place] *= along.storage.base[place] < 0 ? -sizes[i] : sizes[i]
        }
      }
      guard mean else { return distances }
      var sum = Matrix<Float>(rows: 1, columns: range.count)
      sum.take(distances, at: 0, meanOver: block.rows)
      return sum
    }
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    let own = try base.selfScores(of: training)
    var result: [Float] = []
    for range in (0..<training.count).blocks(of: 64) {
      let block = training.subset(Array(range))
      let scores = try scores(of: block, mean: false).block(range)
      result += range.indices.map { scores[$0 - range.lowerBound, $0 - range.lowerBound] }
    }
    precondition(own.count == result.count, "\(own.count) and \(result.count) examples")
    return result
  }
}

extension Method {
  /// The leave-one-out distance of the kernel regression.
  public static let lood = Method(
    name: "lood", title: "distance that a kernel regression's outputs move by without the example",
    source: "Ye et al. 2023", gradients: .jacobian, unit: .distance, needs: [.solve, .labels],
    cost: { $0.ridge(.outputs, leavesOneOut: true) }, prepare: { try LOOD($0) })
}
