// Letters: n examples, T positions, O left width, I right width.
import LinearAlgebra
import Tensors

extension ExampleGradients {
  /// The same gradients with each block in the form that takes less memory.
  ///
  /// Factors take T·(O + I) numbers an example; written out they are O·I, which is less where there
  /// are many positions, as in convolutions.
  ///
  /// A block written out has one position; its bias becomes a block of its own. Which blocks are
  /// written out depends on shapes alone. Dot products stay the same but for rounding; projectors
  /// that look into the factors need the blocks as they were.
  public func writtenOutWhereSmaller() -> ExampleGradients {
    guard blocks.contains(where: \.isSmallerWrittenOut) else { return self }
    return ExampleGradients(
      count: count,
      blocks: blocks.flatMap { $0.isSmallerWrittenOut ? $0.writtenOut(count: count) : [$0] })
  }
}

extension FactorBlock {
  fileprivate var isSmallerWrittenOut: Bool {
    let positions = terms.reduce(0) { $0 + $1.positions }
    let floats = terms.reduce(0) { total, term in
      // A one-hot side is one number a position.
      func width(_ side: FactorSide) -> Int { if case .oneHot = side { 1 } else { side.width } }
      return total + term.positions * (width(term.left) + width(term.right))
    }
    return positions > 1 && gradientCount < floats
  }

  /// The weight's gradients and those of the bias, a row an example.
  fileprivate func writtenOut(count: Int) -> [FactorBlock] {
    let inner = rightWidth - (bias == nil ? 0 : 1)
    let whole = fullGradients(count: count)
    func block(_ parameter: Parameter, _ columns: Range<Int>) -> FactorBlock {
      let values = Tensor(uninitialized: [count, 1, leftWidth * columns.count])
      for row in 0..<count * leftWidth {
        (values.storage.base + row * columns.count).update(
          from: whole.storage.base + row * rightWidth + columns.lowerBound, count: columns.count)
      }
      return FactorBlock(
        weight: parameter, bias: nil, term: OuterProductTerm(left: .dense(values), right: .one))
    }
    return [block(weight, 0..<inner)] + (bias.map { [block($0, inner..<rightWidth)] } ?? [])
  }
}
