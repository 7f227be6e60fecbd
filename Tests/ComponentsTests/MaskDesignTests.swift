import Components
import Networks
import Tensors
import Testing
import TestSupport

@Suite("Which components masks take away")
struct MaskDesignTests {
  let components: ComponentSet

  init() throws {
    components = try ComponentSet(
      .multilayerPerceptron(inputShape: [3], hidden: [30, 10], outputs: 2),
      kinds: [.neuron, .layer])
  }

  private func removals(_ masks: Matrix<Float>) -> [Int] {
    (0..<masks.columns).map { column in (0..<masks.rows).count { masks[$0, column] == 0 } }
  }

  @Test("Every component of a kind is taken away equally often", arguments: [0.05, 0.3, 0.62])
  func balanced(share: Double) {
    let masks = MaskDesign.random(components, share: share, count: 101, seed: 4, for: .outputs)
    let counts = removals(masks)
    for (kind, width) in [(ComponentGroup.Kind.neuron, 40), (.layer, 2)] {
      let own = counts.indices.filter { components.components[$0].kind == kind }.map { counts[$0] }
      #expect((own.max() ?? 0) - (own.min() ?? 0) <= 1)
      let wanted = share * Double(width * 101)
      #expect(abs(Double(own.reduce(0, +)) - wanted) <= 1)
    }
    // Each mask has its share of the neurons, to the next whole number.
    for row in 0..<masks.rows {
      let taken = (0..<masks.columns).count {
        masks[row, $0] == 0 && components.components[$0].kind == .neuron
      }
      #expect(abs(Double(taken) - share * 40) <= 1)
    }
  }

  @Test("Fewer masks are the first ones; uses and seeds differ")
  func streams() {
    func masks(_ count: Int, _ seed: UInt64 = 4, _ use: MaskDesign.Use = .outputs) -> [Float] {
      MaskDesign.random(components, share: 0.2, count: count, seed: seed, for: use).elements
    }
    let twenty = masks(20)
    #expect(Array(twenty.prefix(7 * components.count)) == masks(7))
    #expect(twenty != masks(20, 5))
    #expect(twenty != masks(20, 4, .gradients))
    #expect(masks(20, 4, .fresh(0)) != masks(20, 4, .fresh(1)))
  }

  @Test("Components are taken away independently of each other")
  func pairs() {
    // Of 2,000 masks at α = .2 a pair of 40 is missing together about 2,000 · .2 · 7/39 times.
    let masks = MaskDesign.random(components, share: 0.2, count: 2_000, seed: 1, for: .outputs)
    var together: [Int] = []
    for a in 0..<10 {
      for b in 20..<30 {
        together.append((0..<2_000).count { masks[$0, a] == 0 && masks[$0, b] == 0 })
      }
    }
    let mean = Double(together.reduce(0, +)) / 100
    #expect(abs(mean - 71.8) < 4)
  }

  @Test(
    "Two kinds of as few parts are missing together as often as chance has it", arguments: 0..<4)
  func kinds(seed: Int) throws {
    let set = try ComponentSet(
      .gpt2(GPT2Configuration(vocabulary: 3, context: 2, layers: 2, heads: 1, width: 2)),
      kinds: [.attention, .mlp])
    let masks = MaskDesign.random(
      set, share: 0.05, count: 4_000, seed: UInt64(seed), for: .outputs)
    // Each kind loses one of its two in a tenth of the masks: a pair is missing in 1/400 of them.
    for attention in [0, 2] {
      for mlp in [1, 3] {
        let together = (0..<4_000).count { masks[$0, attention] == 0 && masks[$0, mlp] == 0 }
        #expect((1...25).contains(together), "\(attention), \(mlp): \(together)")
      }
    }
  }

  @Test("Lists name what is taken away")
  func list() throws {
    let masks = try MaskDesign.list(
      "0.neuron.3, 2.neuron.0\n\nnone\n0.layer\n", of: components, file: "m.txt")
    #expect(masks.rows == 3)
    let names = (0..<3).map { row in
      (0..<masks.columns).filter { masks[row, $0] == 0 }.map { components.components[$0].name }
    }
    #expect(names == [["0.neuron.3", "2.neuron.0"], [], ["0.layer"]])
    #expect(
      diagnosed { _ = try MaskDesign.list(" \n", of: components, file: "m.txt") }?.what
        == "the file has no mask")
  }

  @Test("One out and one in")
  func one() {
    #expect(MaskDesign.leaveOneOut(2).elements == [1, 1, 0, 1, 1, 0])
    #expect(MaskDesign.leaveOneIn(2).elements == [0, 0, 1, 0, 0, 1])
  }
}
