import Tensors
import TestSupport
import Testing

@testable import Factors

/// Products of fp32 factors with directions against fp64 sums over written-out gradients.
@Suite("Directions in the space of gradients")
struct GradientDirectionTests {
  private func directions(_ gradients: ExampleGradients, _ count: Int) -> GradientDirections {
    var seed = Float(0.3)
    return GradientDirections(
      count: count,
      blocks: gradients.blocks.map { block in
        Matrix(
          (0..<count * block.gradientCount).map { _ in
            seed = (seed * 977.13 + 0.371).truncatingRemainder(dividingBy: 1)
            return seed - 0.5
          }, rows: count, columns: block.gradientCount)
      })
  }

  @Test(
    "products and sums are those of the written-out gradients, for every form of a block",
    arguments: FactorSamples.Kind.allCases)
  func plain(kind: FactorSamples.Kind) {
    let gradients = FactorSamples(kind, count: 9, seed: 3).gradients
    let written = GradientDirections(gradients)
    let own = directions(gradients, 4)
    var expected = [Double](repeating: 0, count: 4 * 9)
    for (a, b) in zip(own.blocks, written.blocks) {
      for x in 0..<4 {
        for i in 0..<9 {
          for k in 0..<a.columns { expected[x * 9 + i] += Double(a[x, k]) * Double(b[i, k]) }
        }
      }
    }
    #expect(relativeDifference(gradients.products(with: own).elements, expected) < 2e-6)
    let byBlock = gradients.blockProducts(with: own)
    let sum = (0..<36).map { place in byBlock.reduce(0.0) { $0 + Double($1.elements[place]) } }
    #expect(relativeDifference(sum, expected) < 2e-6)
    // Sums of gradients are the adjoint: ⟨v, Σ w_i g_i⟩ = Σ w_i ⟨v, g_i⟩.
    let weights = Matrix<Float>((0..<36).map { Float(($0 * 7) % 11) - 5 }, rows: 4, columns: 9)
    let sums = gradients.sums(weights: weights)
    for x in 0..<4 {
      for (b, block) in sums.blocks.enumerated() {
        let direct = (0..<block.columns).map { k in
          (0..<9).reduce(0.0) {
            $0 + Double(weights[x, $1]) * Double(written.blocks[b][$1, k])
          }
        }
        #expect(relativeDifference(block.row(x), direct) < 2e-6)
      }
    }
  }

  @Test(
    "sums of squares are those of the written-out gradients",
    arguments: FactorSamples.Kind.allCases)
  func squares(kind: FactorSamples.Kind) {
    let gradients = FactorSamples(kind, count: 300, seed: 5).gradients
    let written = GradientDirections(gradients)
    for (block, rows) in zip(gradients.blocks, written.blocks) {
      let sums = Matrix<Double>(
        repeating: 0, rows: block.leftWidth, columns: block.rightWidth)
      block.addSquares(count: 300, to: sums)
      let expected = (0..<rows.columns).map { k in
        (0..<300).reduce(0.0) { $0 + Double(rows[$1, k]) * Double(rows[$1, k]) }
      }
      #expect(relativeDifference(sums.elements, expected) < 1e-6)
    }
  }

  @Test("the same bits for one worker and two", arguments: FactorSamples.Kind.allCases)
  func workers(kind: FactorSamples.Kind) {
    let gradients = FactorSamples(kind, count: 40, seed: 7).gradients
    let own = directions(gradients, 5)
    let weights = gradients.products(with: own)
    func made(_ workers: Int) -> [Float] {
      Execution.with(workers: workers) {
        gradients.products(with: own).elements
          + gradients.sums(weights: weights).blocks.flatMap(\.elements)
      }
    }
    #expect(made(1) == made(2))
  }
}
