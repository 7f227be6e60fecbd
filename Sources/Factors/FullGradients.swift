import LinearAlgebra
import Tensors

extension FactorBlock {
  /// The gradients written out: Σ_terms Σ_t left ⊗ right.
  ///
  /// - Returns: n × (O · I), each row O rows of I, the bias's column last.
  public func fullGradients(count: Int) -> Matrix<Float> {
    gradients(count: count, left: 0..<leftWidth)
  }
}

extension ExampleGradients {
  /// The gradients written out in the network's flat parameter order.
  ///
  /// - Parameter parameterCount: p of the network.
  /// - Returns: n × p; parameters without a block stay 0. Only for one output at a time.
  public func fullGradients(parameterCount: Int) -> Matrix<Float> {
    let result = Matrix<Float>(repeating: 0, rows: count, columns: parameterCount)
    for block in blocks {
      let rows = block.fullGradients(count: count)
      let inner = block.rightWidth - (block.bias == nil ? 0 : 1)
      precondition(block.leftWidth * inner == block.weight.count, "several outputs at a time")
      for i in 0..<count {
        let target = result.storage.base + i * parameterCount
        for o in 0..<block.leftWidth {
          let source = rows.storage.base + i * rows.columns + o * block.rightWidth
          (target + block.weight.offset + o * inner).update(from: source, count: inner)
          if let bias = block.bias { target[bias.offset + o] = source[inner] }
        }
      }
    }
    return result
  }
}
