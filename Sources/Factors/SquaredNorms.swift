import Tensors

extension ExampleGradients {
  /// ‖g_i‖² of every example, without forming a gradient.
  ///
  ///     ‖g_i‖² = Σ_blocks Σ_{t,s} ⟨left_t, left_s⟩ ⟨right_t, right_s⟩;  T = 1: ‖left‖²·‖right‖²
  ///
  /// Of blocks with more positions than a gradient is wide, each gradient is written out instead.
  ///
  /// - Returns: n values, computed in fp32 and summed over blocks in fp64.
  public func squaredNorms() -> [Float] {
    let totals = Buffer<Double>(uninitialized: count)
    totals.base.update(repeating: 0, count: count)
    for block in blocks {
      if block.terms.count == 1, block.terms[0].positions == 1 {
        let left = block.terms[0].left.rowSquaredNorms(count: count)
        let right = block.terms[0].right.rowSquaredNorms(count: count)
        for i in 0..<count { totals.base[i] += Double(left[i]) * Double(right[i]) }
      } else if block.isWrittenOutForNorms {
        block.addWrittenNorms(count: count, to: totals)
      } else {
        Workers.run(over: count, grain: 16) { range in
          for i in range {
            let square = KernelTile(rows: i..<i + 1, columns: i..<i + 1)
            block.addKernel(block, to: square)
            totals.base[i] += Double(square.storage.base[0])
          }
        }
      }
    }
    return (0..<count).map { Float(totals.base[$0]) }
  }
}

extension FactorBlock {
  /// Whether T·O·I products of a written gradient are fewer than T²(O + I) of pairs of positions.
  fileprivate var isWrittenOutForNorms: Bool {
    let positions = terms.reduce(0) { $0 + $1.positions }
    return !isLookup && positions * (leftWidth + rightWidth) > leftWidth * rightWidth
  }

  /// Adds ‖g_i‖² of gradients that are written out, a slice of the left sides at a time.
  fileprivate func addWrittenNorms(count: Int, to totals: Buffer<Double>) {
    for range in leftSlices(examples: count) {
      let written = gradients(count: count, left: range)
      Workers.run(over: count, grain: 4) { examples in
        for i in examples {
          totals.base[i] += VectorMath.doubleSquaredNorm(
            written.storage.base + i * written.columns, count: written.columns)
        }
      }
    }
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
