import Factors
import Tensors
import TestSupport
import Testing

@Suite("Per-example gradients in factored form")
struct ExampleGradientsTests {
  @Test("full gradients stand at their parameters' places", arguments: FactorSamples.Kind.allCases)
  func fullGradients(_ kind: FactorSamples.Kind) {
    let samples = FactorSamples(kind, count: 5, seed: 1)
    let full = samples.gradients.fullGradients(parameterCount: samples.parameterCount)
    #expect(relativeDifference(full.elements, samples.full.flatMap { $0 }) < 1e-6)
    for i in 0..<5 {
      #expect(full[i, 0] == 0 && full[i, 1] == 0 && full[i, samples.parameterCount - 1] == 0)
    }
  }

  @Test(
    "a range, a choice and a concatenation are the same rows",
    arguments: FactorSamples.Kind.allCases)
  func rows(_ kind: FactorSamples.Kind) {
    let samples = FactorSamples(kind, count: 6, seed: 2)
    let p = samples.parameterCount
    let full = samples.gradients.fullGradients(parameterCount: p)
    let middle = samples.gradients.examples(2..<5)
    #expect(middle.count == 3)
    let slice = middle.fullGradients(parameterCount: p)
    for i in 0..<3 { #expect(slice.row(i) == full.row(i + 2)) }
    let order = [5, 0, 0, 3]
    let picked = samples.gradients.gathered(order)
    let choice = picked.fullGradients(parameterCount: p)
    for (i, row) in order.enumerated() { #expect(choice.row(i) == full.row(row)) }
    let joined = ExampleGradients(concatenating: [
      samples.gradients.examples(0..<0), middle, picked, samples.gradients.examples(3..<3),
    ])
    #expect(joined.count == 7)
    let all = joined.fullGradients(parameterCount: p)
    for i in 0..<3 { #expect(all.row(i) == full.row(i + 2)) }
    for (i, row) in order.enumerated() { #expect(all.row(3 + i) == full.row(row)) }
    let none = ExampleGradients(concatenating: [middle.examples(0..<0)])
    #expect(none.count == 0 && none.exactKernel().count == 0)
  }

  @Test(
    "products of stacked outputs are sums over the outputs",
    arguments: FactorSamples.Kind.allCases)
  func stacking(_ kind: FactorSamples.Kind) {
    // The same right sides; left sides scaled, as outputs of one network have them.
    let samples = FactorSamples(kind, count: 5, seed: 3)
    func scaled(_ side: FactorSide, _ alpha: Float) -> FactorSide {
      .dense(side.materialised(count: 5).scaled(by: alpha))
    }
    let factors: [Float] = [1, -2, 0.5]
    let outputs = factors.map { alpha in
      ExampleGradients(
        count: 5,
        blocks: samples.gradients.blocks.map { block in
          let terms = block.terms.map {
            OuterProductTerm(left: scaled($0.left, alpha), right: $0.right)
          }
          var result = FactorBlock(weight: block.weight, bias: block.bias, term: terms[0])
          for term in terms.dropFirst() { result.append(term) }
          return result
        })
    }
    let stacked = ExampleGradients(stacking: outputs)
    #expect(stacked.blocks[0].leftWidth == 3 * samples.gradients.blocks[0].leftWidth)
    let expected = samples.kernel(0..<5, 0..<5).map { $0 * (1 + 4 + 0.25) }
    #expect(relativeDifference(stacked.exactKernel().elements, expected) < 1e-6)
    let diagonal = (0..<5).map { expected[$0 * 6] }
    #expect(relativeDifference(stacked.squaredNorms(), diagonal) < 1e-6)
  }

  @Test("sides written out are the vectors they stand for")
  func materialised() {
    let x = Tensor([1, 2, 3, 4], shape: [2, 1, 2])
    #expect(FactorSide.dense(x).materialised(count: 2) == x)
    let withOne = FactorSide.denseWithOne(x)
    #expect(withOne.width == 3 && withOne.positions == 1)
    #expect(withOne.materialised(count: 2) == Tensor([1, 2, 1, 3, 4, 1], shape: [2, 1, 3]))
    let hot = FactorSide.oneHot(indices: [2, 0], positions: 2, width: 3)
    #expect(hot.materialised(count: 1) == Tensor([0, 0, 1, 1, 0, 0], shape: [1, 2, 3]))
    #expect(FactorSide.one.materialised(count: 2) == Tensor([1, 1], shape: [2, 1, 1]))
  }

  @Test("a block without its bias, and a side summed over positions")
  func withoutBias() {
    let samples = FactorSamples(.twoSequences, count: 3, seed: 4)
    let block = samples.gradients.blocks[0].withoutBias()
    #expect(block.bias == nil && block.rightWidth == 4 && block.terms.count == 2)
    let full = block.fullGradients(count: 3)
    for i in 0..<3 {
      #expect(relativeDifference(full.row(i), Array(samples.full[i][2..<2 + 12])) < 1e-6)
    }
    let side = FactorSide.dense(Tensor([1, 2, 3, 4, 5, 6, 7, 8], shape: [2, 2, 2]))
    let sum = side.summedOverPositions()
    #expect(sum.positions == 1)
    #expect(sum.materialised(count: 2) == Tensor([4, 6, 12, 14], shape: [2, 1, 2]))
  }

  @Test("bytes are those of the stored values")
  func bytes() {
    let samples = FactorSamples(.tiedEmbedding, count: 3, seed: 5)
    #expect(samples.gradients.byteCount == 4 * (3 * 2 + 3 * 2 * 30 + 3 * 40 + 3 * 30))
  }
}
