import LinearAlgebra
import Tensors

extension ExampleGradients {
  /// ‖g_i‖² of every example, without forming a gradient.
  ///
  ///     ‖g_i‖² = Σ_blocks Σ_{t,s} ⟨left_t, left_s⟩ ⟨right_t, right_s⟩;  T = 1: ‖left‖²·‖right‖²
  ///
  /// - Returns: n values, computed in fp32 and summed over blocks in fp64.
  public func squaredNorms() -> [Float] {
    var totals = [Double](repeating: 0, count: count)
    for block in blocks {
      if block.terms.count == 1, block.longestTerm == 1 {
        let left = block.terms[0].left.rowSquaredNorms(count: count)
        let right = block.terms[0].right.rowSquaredNorms(count: count)
        for i in 0..<count { totals[i] += Double(left[i]) * Double(right[i]) }
      } else {
        for i in 0..<count {
          let one = ExampleGradients(count: 1, blocks: [block.examples(i..<i + 1)])
          totals[i] += Double(one.exactKernel()[0, 0])
        }
      }
    }
    return totals.map { Float($0) }
  }
}

extension FactorSide {
  /// Squared norm of each of the n · T vectors.
  fileprivate func rowSquaredNorms(count: Int) -> [Float] {
    switch self {
    case .dense(let values), .denseWithOne(let values):
      var norms = [Float](repeating: 0, count: values.rowCount)
      norms.withUnsafeMutableBufferPointer { target in
        guard let start = target.baseAddress else { return }
        VectorMath.rowSquaredNorms(
          values.storage.base, into: start, rows: values.rowCount, columns: values.rowLength)
      }
      if case .denseWithOne = self { for i in norms.indices { norms[i] += 1 } }
      return norms
    case .oneHot(let indices, _, _): return [Float](repeating: 1, count: indices.count)
    case .one: return [Float](repeating: 1, count: count)
    }
  }
}
