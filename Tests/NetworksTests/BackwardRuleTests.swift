import Tensors
import Testing

@testable import Networks

/// Backward passes that are not of gradients.
@Suite("Rules of a backward pass")
struct BackwardRuleTests {
  /// Parameters without biases, shifts, and what embeddings of images add.
  private func unbiased(_ family: Family, _ network: Network) -> Tensor {
    let theta = family.parameters(network)
    for parameter in network.parameters
    where parameter.name.hasSuffix("bias") || parameter.name.hasSuffix("running_mean") {
      for place in parameter.range { theta.storage.base[place] = 0 }
    }
    return theta
  }

  /// Σ x ∘ dx of each example at a place, from the first class's output at the last position.
  private func sums(_ family: Family, at place: Int, _ rule: BackwardRule) throws -> [Double] {
    let network = family.network()
    let theta = unbiased(family, network)
    let prefix = try #require(
      network.uncheckedPrefixes(family.inputs, before: [place], parameters: theta).first)
    let pass = network.pass(
      theta, batch: Family.batch, for: .inputGradient, startingAt: place)
    pass.backwardRule = rule
    let z = network.forward(from: prefix, pass)
    let slopes = Tensor(repeating: 0, shape: z.shape)
    for row in 0..<z.rowCount { slopes.storage.base[row * z.rowLength] = 1 }
    let dx = try #require(network.backward(slopes, pass))
    let size = dx.count / Family.batch
    return (0..<Family.batch).map { example in
      (example * size..<(example + 1) * size).reduce(0) {
        $0 + Double(dx[$1]) * Double(prefix.activation[$1])
      }
    }
  }

  private func outputs(_ family: Family) -> [Double] {
    let network = family.network()
    let z = network.uncheckedOutputs(family.inputs, parameters: unbiased(family, network))
    let rows = z.rowCount / Family.batch
    return (0..<Family.batch).map { example in
      (example * rows..<(example + 1) * rows).reduce(0) { $0 + Double(z[$1 * z.rowLength]) }
    }
  }

  @Test(
    "relevance is the same at every place of a network without biases",
    arguments: [Family.mlp, .vit, .bert, .gpt2, .llama])
  func conserved(_ family: Family) throws {
    let whole = outputs(family)
    let network = family.network()
    // Behind the embedding, of which nothing is asked.
    for place in network.places.dropFirst(family == .vit ? 2 : 1) {
      let found = try sums(family, at: place, .relevance)
      for (a, b) in zip(found, whole) {
        #expect(abs(a - b) < 1e-4 * (1 + abs(b)), "place \(place)")
      }
    }
  }

  @Test(
    "gradients are not conserved where something is bent", arguments: [Family.gpt2, .llama])
  func gradient(_ family: Family) throws {
    let found = try sums(family, at: 1, .gradient)
    #expect(zip(found, outputs(family)).contains { abs($0 - $1) > 1e-2 })
  }

  @Test("with ReLUs relevance is the gradient, bit for bit", arguments: [Family.resnet, .resnet9])
  func rectified(_ family: Family) throws {
    #expect(try sums(family, at: 1, .relevance) == sums(family, at: 1, .gradient))
  }

  @Test("a stopped branch hands nothing on, and what is around it all")
  func stopped() throws {
    let family = Family.gpt2
    let network = family.network()
    let theta = family.parameters(network)
    let branches = network.components.filter { $0.kind == .attention || $0.kind == .mlp }
    let head = try #require(network.components.first { $0.kind == .head })
    func gradients(stopping points: Set<Int>) throws -> (mask: [Float], heads: Tensor) {
      let pass = network.pass(theta, batch: Family.batch, for: .activationGradients)
      pass.stoppedPoints = points
      let z = network.root.forward(family.inputs, pass)
      network.backward(z, pass)
      let own = try #require(pass.observed.gradients[branches[0].point])
      return (own.elements, try #require(pass.observed.gradients[head.point]))
    }
    let none = try gradients(stopping: [])
    let own = try gradients(stopping: [branches[0].point])
    #expect(own.heads.elements.allSatisfy { $0 == 0 })
    #expect(none.heads.elements.contains { $0 != 0 })
    #expect(own.mask == none.mask)
    // All branches behind the first are stopped: the way around is what is left, z through norm and
    // head alone.
    let rest = try gradients(stopping: Set(branches.dropFirst().map(\.point)))
    #expect(rest.mask != none.mask)
    let prefix = try #require(
      network.uncheckedPrefixes(
        family.inputs, before: [network.places.upperBound - 2], parameters: theta
      )
      .first)
    let last = network.pass(
      theta, batch: Family.batch, for: .inputGradient, startingAt: prefix.place)
    let z = network.forward(from: prefix, last)
    #expect(try #require(network.backward(z, last)).elements == rest.mask)
  }
}
