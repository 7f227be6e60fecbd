// Letters: n training examples, m of them.
import Datasets
import Tensors

extension Ensemble {
  /// How much alike some training examples are to all of them, by the trace kernel.
  ///
  ///     cos(z, z′) = κ(z, z′)/√(κ(z, z) κ(z′, z′)),   κ(z, z′) = Σ_c ⟨∇z_c(z), ∇z_c(z′)⟩
  ///
  /// Labels have no part in it: it is of what the network makes of the inputs.
  ///
  /// - Returns: m × n, the mean over the checkpoints; 0 for an example without gradient.
  /// - Throws: `InfluenceError` where there is no trace kernel.
  public func traceSimilarities(of rows: [Int]) throws -> Matrix<Float> {
    var sum = Matrix<Float>(rows: rows.count, columns: training.count)
    let target = sum.writableStorage()
    let some = training.subset(rows)
    for checkpoint in checkpoints {
      let kernel = try checkpoint.kernel(.jacobian, diagnoses: false)
      let queries = try kernel.rows(of: some, target: .jacobian, mean: false, isCosine: true)
      let factors = try kernel.squaredNorms().map {
        $0 > 0 ? 1 / ($0.squareRoot() * Float(checkpoints.count)) : 0
      }
      try kernel.products(queries).forEachBlock(
        of: training.count, { _, block in block },
        inOrder: { range, block in
          for row in 0..<block.rows {
            for (place, i) in range.enumerated() {
              target.base[row * training.count + i] += factors[i] * block[row, place]
            }
          }
        })
    }
    return sum
  }
}
