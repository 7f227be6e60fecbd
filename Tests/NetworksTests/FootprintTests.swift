import Networks
import Testing

@Suite("What one example takes") struct FootprintTests {
  private func selecting(_ layers: String, of network: Network) throws -> ExampleFootprint {
    try network.selecting(LayerPatterns(text: layers), place: "--layers").footprint
  }

  @Test("products forward, and back as far as a selection asks for, by hand: 4-5-3")
  func multilayerPerceptron() throws {
    let network = Network.multilayerPerceptron(inputShape: [4], hidden: [5], outputs: 3)
    let all = network.footprint
    #expect(all.forward == 5 * 5 + 3 * 6)
    // Nobody needs the gradient of the network's inputs.
    #expect(all.backward == 3 * 6)
    let last = try selecting("2", of: network)
    #expect(last.forward == all.forward)
    #expect(last.backward == 0)
    #expect(try selecting("0", of: network).backward == all.backward)
  }

  /// Of each block 4 × 12, 4 × 4, 4 × 16 and 16 × 4 at 5 positions; the last layer is the embedding.
  @Test("a tied last layer is passed through, an embedding costs no product: gpt2")
  func tied() throws {
    let network = LayerSelectionTests.gpt2
    let (block, head) = (5.0 * (48 + 16 + 64 + 64), 5.0 * 7 * 4)
    #expect(network.footprint.forward == 2 * block + head)
    #expect(network.footprint.backward == 2 * block + head)
    let last = try selecting("h.1", of: network)
    #expect(last.forward == 2 * block + head)
    #expect(last.backward == block + head)
  }
}
