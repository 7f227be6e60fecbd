import Factors
import LinearAlgebra
import Networks
import Tensors
import TestSupport
import Testing

/// Low-rank adapters against plain PyTorch in fp64 (tools/reference/lora.py).
@Suite("Low-rank adapters")
struct LowRankTests {
  struct Reference: Decodable {
    struct Named: Decodable {
      let name: String
      let values: [Float]
    }
    let rank: Int
    let alpha: Double
    let targets: [String]
    let parameters: [Named]
    let inputs: [Float]
    let logits, losses: [Double]
    let adapters: [String]
    let exampleGradients: [Double]
  }

  static let base = Network.gpt2(
    GPT2Configuration(vocabulary: 7, context: 6, layers: 2, heads: 2, width: 4))

  private func adapted(_ c: Reference) throws -> Network {
    try Self.base.adapted(
      by: LowRankAdapters(rank: c.rank, alpha: c.alpha, targets: LayerPatterns(c.targets)),
      place: "model.lora.targets")
  }

  private func theta(_ c: Reference, _ network: Network) throws -> Tensor {
    let values = Dictionary(uniqueKeysWithValues: c.parameters.map { ($0.name, $0.values) })
    #expect(values.count == network.parameters.count)
    return Tensor(
      try network.parameters.flatMap { try #require(values[$0.name], "\($0.name)") },
      shape: [network.parameterCount])
  }

  @Test("outputs, losses and per-example gradients are PyTorch's")
  func parity() throws {
    let c = try Fixture.load("lora.json", as: Reference.self)
    let network = try adapted(c)
    let theta = try theta(c, network)
    let x = Tensor(c.inputs, shape: [3, 6])
    let outputs = network.uncheckedOutputs(x, parameters: theta)
    #expect(relativeDifference(outputs.elements, c.logits) < 1e-5)
    #expect(
      relativeDifference(Loss.nextToken.values(outputs, .tokens(x)), c.losses) < 1e-5)
    let (gradients, _) = try network.exampleGradients(x, parameters: theta) {
      Loss.nextToken.gradient($0, .tokens(x))
    }
    #expect(gradients.blocks.map(\.weight.name).sorted() == c.adapters.sorted())
    #expect(gradients.gradientCount == network.selectedCount)
    let rows = gradients.fullGradients(parameterCount: network.parameterCount)
    let places = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0.range) })
    let found = try (0..<3).flatMap { i in
      try c.adapters.flatMap { rows.row(i)[try #require(places[$0])] }
    }
    #expect(relativeDifference(found, c.exampleGradients) < 1e-5)
    let gradient = try network.lossGradient(x, .tokens(x), parameters: theta, loss: .nextToken)
      .parameters
    let size = c.exampleGradients.count / 3
    let sum = (0..<size).map { j in (0..<3).reduce(0.0) { $0 + c.exampleGradients[$1 * size + j] } }
    let summed = try c.adapters.flatMap { gradient.elements[try #require(places[$0])] }
    #expect(relativeDifference(summed, sum) < 1e-5)
  }

  @Test("tangents agree with gradients: ⟨g_i, v⟩ along the adapters")
  func tangents() throws {
    let c = try Fixture.load("lora.json", as: Reference.self)
    let network = try adapted(c)
    let theta = try theta(c, network)
    let x = Tensor(c.inputs, shape: [3, 6])
    let v = gaussian([network.parameterCount], seed: 2, index: 0)
    let masked = Tensor(repeating: 0, shape: v.shape)
    for range in network.selection?.ranges ?? [] {
      (masked.storage.base + range.lowerBound).update(
        from: v.storage.base + range.lowerBound, count: range.count)
    }
    let slopes = try network.directionalDerivatives(x, parameters: theta, along: masked) {
      Loss.nextToken.gradient($0, .tokens(x))
    }
    let rows = try network.exampleGradients(x, parameters: theta) {
      Loss.nextToken.gradient($0, .tokens(x))
    }.gradients.fullGradients(parameterCount: network.parameterCount)
    let expected = (0..<3).map { i in
      zip(rows.row(i), masked.elements).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    #expect(relativeDifference(slopes, expected) < 1e-5)
  }

  @Test("an adapted network begins as the network itself: B is 0 and A is not")
  func beginning() throws {
    let network = try Self.base.adapted(
      by: LowRankAdapters(rank: 3, alpha: 3, targets: LayerPatterns(["*"])), place: "p")
    let theta = network.initialParameters(seed: 5)
    let x = Tensor([0, 1, 2, 3, 4, 5], shape: [1, 6])
    let first = Self.base.initialParameters(seed: 5)
    #expect(Array(theta.elements.prefix(first.count)) == first.elements)
    #expect(
      network.uncheckedOutputs(x, parameters: theta).elements
        == Self.base.uncheckedOutputs(x, parameters: first).elements)
    for parameter in network.selection?.parameters ?? [] {
      let values = theta.elements[parameter.range]
      if parameter.name.hasSuffix("lora_B.weight") {
        #expect(values.allSatisfy { $0 == 0 })
      } else {
        let bound = 1 / Float(parameter.shape[1]).squareRoot()
        let largest: Float = values.reduce(0) { max($0, $1.magnitude) }
        #expect(largest <= bound && largest > bound / 2)
      }
    }
    // Every linear layer but the head, which is the embedding.
    #expect(network.selection?.parameters.count == 2 * 4 * 2)
    #expect(network.selectionText?.contains("wte") == false)
  }

  @Test("a target that is no linear layer is refused by name")
  func refused() throws {
    for target in ["ln_1", "wte", "q_proj"] {
      let error = diagnosed {
        _ = try Self.base.adapted(
          by: LowRankAdapters(rank: 1, alpha: 1, targets: LayerPatterns([target])), place: "p")
      }
      #expect(error?.what.hasPrefix("no layer is called `\(target)`") == true)
    }
  }
}
