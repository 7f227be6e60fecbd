import Components
import Networks
import Testing
import TestSupport

@Suite("Components by kind and name")
struct ComponentSetTests {
  let network = Network.multilayerPerceptron(inputShape: [3], hidden: [4, 2], outputs: 2)

  @Test("Names are path, kind and number; whole layers have no number")
  func names() throws {
    let neurons = try ComponentSet(network)
    #expect(
      neurons.components.map(\.name) == [
        "0.neuron.0", "0.neuron.1", "0.neuron.2", "0.neuron.3", "2.neuron.0", "2.neuron.1",
      ])
    let layers = try ComponentSet(network, kinds: [.layer])
    #expect(layers.components.map(\.name) == ["0.layer", "2.layer"])
  }

  @Test("Patterns choose as those of layers do")
  func patterns() throws {
    func names(_ text: String) throws -> [String] {
      try ComponentSet(network, patterns: LayerPatterns(text: text)).components.map(\.name)
    }
    #expect(try names("2") == ["2.neuron.0", "2.neuron.1"])
    #expect(try names("!0") == ["2.neuron.0", "2.neuron.1"])
    #expect(try names("*.neuron.1") == ["0.neuron.1", "2.neuron.1"])
  }

  @Test("What is not there is refused by name")
  func errors() {
    #expect(
      diagnosed { _ = try ComponentSet(network, kinds: [.filter, .head]) }?.description
        == """
        error: the network has no filter, head
          at:  ‹kinds›
          fix: it has neuron, layer
        """)
    #expect(
      diagnosed { _ = try ComponentSet(network).places(of: ["0.neuron.9"], file: "m.txt, line 2") }?
        .what == "there is no component `0.neuron.9`; did you mean `0.neuron.0`?")
  }
}
