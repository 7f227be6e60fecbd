// Letters: n examples, T positions, O left width of one output, C outputs.
import Tensors

extension ExampleGradients {
  /// The gradients of several outputs of the same examples side by side.
  ///
  /// Where the outputs share the right sides, left sides become n × T × (C·O), output-major; else
  /// (embeddings, transposed weights) each output has a block of its own. Dot products of the
  /// result are sums over the outputs of theirs.
  ///
  /// - Precondition: the same examples and weights in each.
  public init(stacking outputs: [ExampleGradients]) {
    precondition(!outputs.isEmpty, "no outputs to stack")
    let first = outputs[0]
    let blocks = first.blocks.indices.flatMap { b -> [FactorBlock] in
      let block = first.blocks[b]
      guard
        block.terms.indices.allSatisfy({ t in
          outputs.allSatisfy { block.terms[t].right.isSame(as: $0.blocks[b].terms[t].right) }
        })
      else { return outputs.map { $0.blocks[b] } }
      func stacked(_ t: Int) -> OuterProductTerm {
        OuterProductTerm(
          left: FactorSide(
            stacking: outputs.map { $0.blocks[b].terms[t].left }, count: first.count),
          right: block.terms[t].right)
      }
      var result = FactorBlock(weight: block.weight, bias: block.bias, term: stacked(0))
      for t in block.terms.indices.dropFirst() { result.append(stacked(t)) }
      return [result]
    }
    self.init(count: first.count, blocks: blocks)
  }
}

extension FactorSide {
  /// Whether the other side is this one, not only equal to it.
  fileprivate func isSame(as other: FactorSide) -> Bool {
    switch (self, other) {
    case (.dense(let a), .dense(let b)), (.denseWithOne(let a), .denseWithOne(let b)):
      a.storage === b.storage
    case (.oneHot(let a, _, _), .oneHot(let b, _, _)): a == b
    case (.one, .one): true
    default: false
    }
  }
}

extension FactorSide {
  fileprivate init(stacking sides: [FactorSide], count: Int) {
    let values = sides.map { $0.materialised(count: count) }
    let width = values[0].rowLength
    let total = width * values.count
    let result = Tensor(uninitialized: [count, values[0].shape[1], total])
    let (target, sources) = (result.storage, values.map(\.storage))
    Workers.run(over: result.rowCount, grain: max(1, (1 << 16) / max(1, total))) { rows in
      for (c, source) in sources.enumerated() {
        for row in rows {
          (target.base + row * total + c * width).update(
            from: source.base + row * width, count: width)
        }
      }
    }
    self = .dense(result)
  }
}
