import Tensors

extension ExampleGradients {
  /// The examples of several batches one after the other.
  ///
  /// - Precondition: the same weights and forms in each; at least one batch.
  public init(concatenating batches: [ExampleGradients]) {
    precondition(!batches.isEmpty, "no batches to concatenate")
    let blocks = batches[0].blocks.indices.map { b in
      let first = batches[0].blocks[b]
      func joined(_ t: Int) -> OuterProductTerm {
        OuterProductTerm(
          left: FactorSide(concatenating: batches.map { $0.blocks[b].terms[t].left }),
          right: FactorSide(concatenating: batches.map { $0.blocks[b].terms[t].right }))
      }
      var block = FactorBlock(weight: first.weight, bias: first.bias, term: joined(0))
      for t in first.terms.indices.dropFirst() { block.append(joined(t)) }
      return block
    }
    self.init(count: batches.reduce(0) { $0 + $1.count }, blocks: blocks)
  }
}

extension FactorSide {
  fileprivate init(concatenating sides: [FactorSide]) {
    switch sides[0] {
    case .dense: self = .dense(Tensor(concatenating: sides.map(\.values)))
    case .denseWithOne: self = .denseWithOne(Tensor(concatenating: sides.map(\.values)))
    case .oneHot(_, let positions, let width):
      let indices = sides.flatMap { side -> [Int32] in
        guard case .oneHot(let indices, _, _) = side else { return [] }
        return indices
      }
      self = .oneHot(indices: indices, positions: positions, width: width)
    case .one: self = .one
    }
  }

  private var values: Tensor {
    switch self {
    case .dense(let values), .denseWithOne(let values): values
    default: preconditionFailure("sides of different kinds")
    }
  }
}

extension Tensor {
  /// Tensors one after the other along the first dimension.
  init(concatenating parts: [Tensor]) {
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    self.init(uninitialized: [rows] + parts[0].shape.dropFirst())
    var position = 0
    for part in parts {
      (storage.base + position).update(from: part.storage.base, count: part.count)
      position += part.count
    }
  }
}
