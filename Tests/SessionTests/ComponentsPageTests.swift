import Testing

@testable import Answers

@Suite("Pages of components")
struct ComponentsPageTests {
  @Test("rows are named without what all names begin with, but not by bare numbers")
  func names() {
    func short(_ names: String...) -> [String] { ComponentsPage.withoutCommonParts(names) }
    #expect(
      short("transformer.h.0.attn.head", "transformer.h.1.mlp.c_fc.neuron")
        == ["h.0.attn.head", "h.1.mlp.c_fc.neuron"])
    #expect(
      short("transformer.h.0.attn.head", "transformer.h.0.mlp.c_fc.neuron")
        == ["attn.head", "mlp.c_fc.neuron"])
    #expect(short("0.neuron", "2.neuron") == ["0.neuron", "2.neuron"])
    #expect(short("transformer.h.0.attn.head") == ["transformer.h.0.attn.head"])
    #expect(short("a.b", "a.b.c.d") == ["a.b", "a.b.c.d"])
    #expect(short() == [])
  }
}
