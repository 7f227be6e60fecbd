import LinearAlgebra
import Tensors

/// Gradients of n examples put together block by block, each copied to its place.
///
/// The memory is that of the whole and of one block. Positions behind the last one with a gradient,
/// a sequence's padding, are zeros that take none.
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
    func placed(_ whole: FactorSide, _ part: FactorSide, _ positions: [Int]?) -> FactorSide {
      switch (whole, part) {
      case (.dense(let target), .dense(let values)),
        (.denseWithOne(let target), .denseWithOne(let values)):
        target.place(values, at: start, positions)
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
          let positions = theirs[t].left.usedPositions
          return OuterProductTerm(
            left: placed(mine[t].left, theirs[t].left, positions),
            right: placed(mine[t].right, theirs[t].right, positions))
        }
        var block = FactorBlock(weight: blocks[b].weight, bias: blocks[b].bias, term: term(0))
        for t in mine.indices.dropFirst() { block.append(term(t)) }
        return block
      })
  }
}

extension FactorSide {
  /// How many positions of each example count: up to the last one that is not 0.
  ///
  /// Nil where all do, or nothing is known.
  fileprivate var usedPositions: [Int]? {
    guard case .dense(let values) = self, positions > 1 else { return nil }
    let (count, view) = (positions, MatrixView(values))
    return (0..<values.shape[0]).map {
      view.withoutTrailingZeros($0 * count..<($0 + 1) * count).count
    }
  }
}

extension Tensor {
  /// Numbers of one example.
  fileprivate var exampleCount: Int { shape.dropFirst().reduce(1, *) }

  /// A tensor of the same rows for so many examples, zeros.
  fileprivate func room(for count: Int) -> Tensor {
    let shape = [count] + shape.dropFirst()
    return Tensor(shape: shape, storage: Buffer(zeroed: shape.reduce(1, *)))
  }

  /// Copies examples to their places from example `start` on, of each so many positions.
  fileprivate func place(_ values: Tensor, at start: Int, _ positions: [Int]?) {
    let (size, width) = (exampleCount, rowLength)
    let (target, source) = (storage, values.storage)
    Workers.run(over: values.shape[0], grain: Swift.max(1, (1 << 16) / Swift.max(1, size))) {
      for example in $0 {
        (target.base + (start + example) * size).update(
          from: source.base + example * size,
          count: positions.map { $0[example] * width } ?? size)
      }
    }
  }
}
