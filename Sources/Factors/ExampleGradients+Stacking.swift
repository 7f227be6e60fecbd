// Letters: n examples, T positions, O left width of one output, C outputs.
import Tensors

extension ExampleGradients {
  /// The gradients of several outputs of the same examples side by side.
  ///
  /// Left sides become n × T × (C·O), output-major; right sides are shared. Dot products of the
  /// result are sums over the outputs of theirs.
  ///
  /// - Precondition: the same examples, weights and right sides in each.
  public init(stacking outputs: [ExampleGradients]) {
    precondition(!outputs.isEmpty, "no outputs to stack")
    let first = outputs[0]
    let blocks = first.blocks.indices.map { b in
      let block = first.blocks[b]
      func stacked(_ t: Int) -> OuterProductTerm {
        OuterProductTerm(
          left: FactorSide(
            stacking: outputs.map { $0.blocks[b].terms[t].left }, count: first.count),
          right: block.terms[t].right)
      }
      var result = FactorBlock(weight: block.weight, bias: block.bias, term: stacked(0))
      for t in block.terms.indices.dropFirst() { result.append(stacked(t)) }
      return result
    }
    self.init(count: first.count, blocks: blocks)
  }
}

extension FactorSide {
  fileprivate init(stacking sides: [FactorSide], count: Int) {
    let values = sides.map { $0.materialised(count: count) }
    let width = values[0].rowLength
    let total = width * values.count
    let result = Tensor(uninitialized: [count, values[0].shape[1], total])
    for (c, side) in values.enumerated() {
      for row in 0..<side.rowCount {
        (result.storage.base + row * total + c * width).update(
          from: side.storage.base + row * width, count: width)
      }
    }
    self = .dense(result)
  }
}
