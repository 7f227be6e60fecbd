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
      let products = try kernel.products(
        try kernel.rows(of: some, target: .jacobian, mean: false))
      var raw = Matrix<Float>(rows: rows.count, columns: training.count)
      let values = raw.writableStorage()
      try products.forEachBlock(
        of: training.count, { _, block in block },
        inOrder: { range, block in
          for row in 0..<block.rows {
            (values.base + row * training.count + range.lowerBound).update(
              from: block.storage.base + row * range.count, count: range.count)
          }
        })
      let squares = try kernel.squaredNorms()
      for (place, row) in rows.enumerated() where squares[row] > 0 && raw[place, row] > 0 {
        // Squares of stacked gradients are sums over the outputs, κ is their mean.
        let own = raw[place, row]
        let share = own / squares[row]
        for i in 0..<training.count where squares[i] > 0 {
          let norms = (own * share * squares[i]).squareRoot() * Float(checkpoints.count)
          target.base[place * training.count + i] += raw[place, i] / norms
        }
      }
    }
    return sum
  }
}
