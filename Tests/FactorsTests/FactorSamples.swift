import Factors
import Randomness
import Tensors

/// Random factors of every kind of side, with the same gradients written out in fp64 by plain loops.
struct FactorSamples {
  enum Kind: String, CaseIterable {
    case points, pointsWithBias, sequence, longSequence, twoUses, twoSequences
    case embedding, tiedEmbedding, elementwise
  }

  let gradients: ExampleGradients
  /// n rows of p, in flat parameter order.
  let full: [[Double]]
  let parameterCount: Int

  init(_ kind: Kind, count: Int, seed: UInt64, width scale: Int = 1) {
    var next: UInt64 = 0
    func values(_ shape: [Int]) -> Tensor {
      let tensor = Tensor(uninitialized: shape)
      RandomStream(seed: seed, purpose: .probe, index: next).fillGaussian(
        tensor.storage.base, count: tensor.count)
      next += 1
      return tensor
    }
    func tokens(_ positions: Int, _ width: Int) -> FactorSide {
      let stream = RandomStream(seed: seed, purpose: .probe, index: 1000 + next)
      next += 1
      return .oneHot(
        indices: (0..<count * positions).map {
          Int32(stream.integer(below: width, at: UInt64($0)))
        }, positions: positions, width: width)
    }
    func term(_ t: Int, _ o: Int, _ i: Int, bias: Bool = false) -> OuterProductTerm {
      let right = values([count, t, i])
      return OuterProductTerm(
        left: .dense(values([count, t, o])), right: bias ? .denseWithOne(right) : .dense(right))
    }
    let (o, i) = (3 * scale, 4 * scale)
    var terms: [OuterProductTerm]
    switch kind {
    case .points: terms = [term(1, o, i)]
    case .pointsWithBias: terms = [term(1, o, i, bias: true)]
    case .sequence: terms = [term(2, o * 4, i * 4, bias: true)]
    case .longSequence: terms = [term(9, o, i, bias: true)]
    case .twoUses: terms = [term(1, o * 5, i * 5), term(1, o * 5, i * 5)]
    case .twoSequences: terms = [term(3, o, i, bias: true), term(2, o, i, bias: true)]
    case .embedding:
      terms = [OuterProductTerm(left: tokens(3, 40), right: .dense(values([count, 3, 30])))]
    case .tiedEmbedding:
      terms = [
        OuterProductTerm(left: tokens(2, 40), right: .dense(values([count, 2, 30]))),
        term(1, 40, 30),
      ]
    case .elementwise: terms = [OuterProductTerm(left: .dense(values([count, 1, 6])), right: .one)]
    }
    let hasBias =
      kind == .pointsWithBias || kind == .sequence || kind == .longSequence
      || kind == .twoSequences
    let inner = terms[0].right.width - (hasBias ? 1 : 0)
    let weight = Parameter(name: "w", shape: [terms[0].left.width, inner], offset: 2)
    let bias =
      hasBias
      ? Parameter(name: "b", shape: [terms[0].left.width], offset: 2 + weight.count) : nil
    var block = FactorBlock(weight: weight, bias: bias, term: terms[0])
    for term in terms.dropFirst() { block.append(term) }
    gradients = ExampleGradients(count: count, blocks: [block])
    // Two parameters before and one after belong to nobody.
    parameterCount = 2 + weight.count + (bias?.count ?? 0) + 1
    full = (0..<count).map { [p = parameterCount] example in
      var row = [Double](repeating: 0, count: p)
      for term in block.terms {
        for t in 0..<term.positions {
          for o in 0..<weight.shape[0] {
            let l = FactorSamples.value(term.left, example, t, o)
            for i in 0..<inner {
              row[2 + o * inner + i] += l * FactorSamples.value(term.right, example, t, i)
            }
            if let bias { row[bias.offset + o] += l }
          }
        }
      }
      return row
    }
  }

  /// ⟨g_i, g_j⟩ of the plain gradients, row by row.
  func kernel(_ rows: Range<Int>, _ columns: Range<Int>) -> [Double] {
    rows.flatMap { i in columns.map { j in zip(full[i], full[j]).reduce(0) { $0 + $1.0 * $1.1 } } }
  }

  private static func value(_ side: FactorSide, _ example: Int, _ t: Int, _ k: Int) -> Double {
    switch side {
    case .dense(let x): return Double(x[example * x.shape[1] + t, k])
    case .denseWithOne(let x):
      return k == x.rowLength ? 1 : Double(x[example * x.shape[1] + t, k])
    case .oneHot(let indices, let positions, _):
      return Int(indices[example * positions + t]) == k ? 1 : 0
    case .one: return 1
    }
  }
}
