import Tensors

/// The gradients of n examples in factored form, one block a weight: never n × p.
public struct ExampleGradients: Sendable {
  /// Number of examples n.
  public let count: Int
  /// One block a weight, in the order of the network's parameters.
  public let blocks: [FactorBlock]

  /// Gradients of `count` examples.
  public init(count: Int, blocks: [FactorBlock]) {
    self.count = count
    self.blocks = blocks
  }

  /// Examples `range` alone.
  public func examples(_ range: Range<Int>) -> ExampleGradients {
    ExampleGradients(count: range.count, blocks: blocks.map { $0.examples(range) })
  }

  /// Examples picked by index, in the given order.
  public func gathered(_ rows: [Int]) -> ExampleGradients {
    func pick(_ side: FactorSide) -> FactorSide {
      switch side {
      case .dense(let values): .dense(values.gathered(rows))
      case .denseWithOne(let values): .denseWithOne(values.gathered(rows))
      case .oneHot(let indices, let positions, let width):
        .oneHot(
          indices: rows.flatMap { indices[$0 * positions..<($0 + 1) * positions] },
          positions: positions, width: width)
      case .one: .one
      }
    }
    return ExampleGradients(
      count: rows.count,
      blocks: blocks.map { block in
        block.mapTerms { OuterProductTerm(left: pick($0.left), right: pick($0.right)) }
      })
  }

  /// Sum over blocks of O · I: the number of coordinates of a gradient.
  public var gradientCount: Int { blocks.reduce(0) { $0 + $1.gradientCount } }

  /// Bytes the factors take.
  public var byteCount: Int {
    blocks.reduce(0) { total, block in
      total
        + block.terms.reduce(0) { sum, term in
          sum + [term.left, term.right].reduce(0) { $0 + $1.byteCount }
        }
    }
  }
}

extension FactorBlock {
  /// The block with every term replaced.
  func mapTerms(_ transform: (OuterProductTerm) -> OuterProductTerm) -> FactorBlock {
    var block = FactorBlock(weight: weight, bias: bias, term: transform(terms[0]))
    for term in terms.dropFirst() { block.append(transform(term)) }
    return block
  }
}

extension FactorSide {
  /// Bytes of the side's values.
  var byteCount: Int {
    switch self {
    case .dense(let values), .denseWithOne(let values): values.count * 4
    case .oneHot(let indices, _, _): indices.count * 4
    case .one: 0
    }
  }
}
