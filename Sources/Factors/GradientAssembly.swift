import Tensors

/// Gradients of n examples put together block by block, each copied to its place: the memory is that
/// of the whole and of one block.
package struct GradientAssembly {
  /// Examples of the whole, n.
  package let count: Int
  private var whole: ExampleGradients?
  private var filled = 0

  /// For `count` examples.
  package init(count: Int) { self.count = count }

  /// Adds the next examples.
  ///
  /// - Precondition: the same weights and forms each time; at most n examples in all.
  package mutating func append(_ block: ExampleGradients) {
    precondition(filled + block.count <= count, "\(filled) + \(block.count) of \(count) examples")
    if filled == 0 && block.count == count {
      whole = block
    } else {
      let target = whole ?? block.withRoom(for: count)
      whole = target.placing(block, at: filled)
    }
    filled += block.count
  }

  /// The gradients of all examples.
  ///
  /// - Precondition: all n were added.
  package consuming func gradients() -> ExampleGradients {
    precondition(filled == count, "\(filled) of \(count) examples")
    return whole ?? ExampleGradients(count: count, blocks: [])
  }
}

extension ExampleGradients {
  /// The examples of several batches one after the other.
  ///
  /// - Precondition: the same weights and forms in each; at least one batch.
  public init(concatenating batches: [ExampleGradients]) {
    precondition(!batches.isEmpty, "no batches to concatenate")
    var assembly = GradientAssembly(count: batches.reduce(0) { $0 + $1.count })
    for batch in batches { assembly.append(batch) }
    self = assembly.gradients()
  }

  /// The same forms with room for so many examples that is not filled yet.
  fileprivate func withRoom(for count: Int) -> ExampleGradients {
    func room(_ side: FactorSide) -> FactorSide {
      switch side {
      case .dense(let values): .dense(values.room(for: count))
      case .denseWithOne(let values): .denseWithOne(values.room(for: count))
      case .oneHot(_, let positions, let width):
        .oneHot(indices: [], positions: positions, width: width)
      case .one: .one
      }
    }
    return ExampleGradients(
      count: count,
      blocks: blocks.map { block in
        block.mapTerms { OuterProductTerm(left: room($0.left), right: room($0.right)) }
      })
  }

  /// With the examples of a block written from example `start` on.
  fileprivate func placing(_ part: ExampleGradients, at start: Int) -> ExampleGradients {
    func placed(_ whole: FactorSide, _ part: FactorSide) -> FactorSide {
      switch (whole, part) {
      case (.dense(let target), .dense(let values)),
        (.denseWithOne(let target), .denseWithOne(let values)):
        (target.storage.base + start * target.exampleCount).update(
          from: values.storage.base, count: values.count)
        return whole
      case (.oneHot(let known, let positions, let width), .oneHot(let indices, _, _)):
        return .oneHot(indices: known + indices, positions: positions, width: width)
      case (.one, .one): return .one
      default: preconditionFailure("sides of different kinds")
      }
    }
    return ExampleGradients(
      count: count,
      blocks: blocks.indices.map { b in
        let (mine, theirs) = (blocks[b].terms, part.blocks[b].terms)
        func term(_ t: Int) -> OuterProductTerm {
          OuterProductTerm(
            left: placed(mine[t].left, theirs[t].left),
            right: placed(mine[t].right, theirs[t].right))
        }
        var block = FactorBlock(weight: blocks[b].weight, bias: blocks[b].bias, term: term(0))
        for t in mine.indices.dropFirst() { block.append(term(t)) }
        return block
      })
  }
}

extension Tensor {
  /// Numbers of one example.
  fileprivate var exampleCount: Int { shape.dropFirst().reduce(1, *) }

  /// A tensor of the same rows for so many examples, not filled.
  fileprivate func room(for count: Int) -> Tensor {
    Tensor(uninitialized: [count] + shape.dropFirst())
  }
}
