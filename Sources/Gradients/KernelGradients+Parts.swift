// Letters: n training examples, m queries, L sums over the training examples.
import Datasets
import Factors
import Tensors

/// What products with the training examples are summed to, in L sums.
public enum TrainingSums: Sendable {
  /// The product with one example each.
  case examples([Int])
  /// Σ_j V[l,j] times the product with example j: L × n.
  case weighted(Matrix<Float>)

  /// L.
  public var count: Int {
    switch self {
    case .examples(let rows): rows.count
    case .weighted(let weights): weights.rows
    }
  }
}

extension KernelGradients {
  /// Sums of products of a gradient with the training examples, taken apart by parameters.
  ///
  ///     Σ_j V[l,j] κ_P(g, j),   g = Σ_q w_q ∇f(q),   κ_P the products over the parameters of part P
  ///
  /// - Parameters:
  ///   - queries: m examples.
  ///   - weights: w, m values.
  ///   - target: what is differentiated of the queries' outputs.
  /// - Returns: parts × L; of Jacobians the mean over the outputs. Summed over the parts it is what
  ///   rows of the kernel give, but for rounding.
  /// - Complexity: that of a pass of the training examples that are in the sums, and 2nL flops a part.
  public func partSums(
    of queries: Dataset, weights: [Float], target: GradientSource.Target,
    by partition: GradientPartition, _ sums: TrainingSums
  ) throws -> Matrix<Double> {
    let gradient = try written(queries, weights, target)
    var result = Matrix<Double>(repeating: 0, rows: partition.count, columns: sums.count)
    let share = target == .jacobian ? 1 / Double(source.outputCount) : 1
    switch sums {
    case .examples(let rows):
      let products = gradient.products(with: try self.gradients(rows), by: partition)
      for l in rows.indices {
        for part in 0..<partition.count { result[part, l] = share * products[l, part] }
      }
    case .weighted(let factors):
      precondition(factors.columns == count, "\(factors.columns) weights of \(count) examples")
      // 64 MiB of products at a time.
      let size = Swift.max(1, Swift.min(blockSize, (1 << 23) / partition.count))
      for range in (0..<count).blocks(of: size) {
        try KernelProgress.check()
        let products = gradient.products(with: try self.gradients(range), by: partition)
        for (line, j) in range.enumerated() {
          for l in 0..<factors.rows {
            let factor = share * Double(factors[l, j])
            for part in 0..<partition.count {
              result[part, l] += factor * products[line, part]
            }
          }
        }
      }
    }
    return result
  }
}
