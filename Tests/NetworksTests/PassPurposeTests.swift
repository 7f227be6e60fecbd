import Factors
import Tensors
import TestSupport
import Testing

@testable import Networks

/// What a pass keeps and computes follows from its purpose and the layers that are selected.
@Suite("Purposes of a pass")
struct PassPurposeTests {
  private func run(
    _ network: Network, _ family: Family, for purpose: Pass.Purpose,
    dropout: DropoutDraws? = nil
  ) -> (pass: Pass, outputs: Tensor, dx: Tensor?) {
    let theta = family.parameters(network)
    let pass = network.pass(theta, batch: Family.batch, for: purpose, dropout: dropout)
    let outputs = network.root.forward(family.inputs, pass)
    let dx = purpose == .outputs ? nil : network.root.backward(outputs, pass)
    return (pass, outputs, dx)
  }

  private func bits(_ tensor: Tensor?) -> [UInt32] { tensor?.elements.map(\.bitPattern) ?? [] }

  @Test(
    "a pass for outputs keeps nothing, and its outputs have the bits of one that keeps all",
    arguments: Family.allCases)
  func outputs(_ family: Family) {
    let network = family.network(dropout: 0.3)
    for draws in [nil, DropoutDraws(seed: 1, step: 2)] {
      let alone = run(network, family, for: .outputs, dropout: draws)
      #expect(alone.pass.keptTensors.isEmpty)
      #expect(alone.pass.gradient == nil && alone.pass.takeFactors().blocks.isEmpty)
      let all = run(network, family, for: [.gradient, .tangents], dropout: draws)
      #expect(bits(alone.outputs) == bits(all.outputs))
      #expect(!all.pass.keptTensors.isEmpty)
    }
  }

  @Test("each purpose gives the same numbers alone and with others", arguments: Family.allCases)
  func together(_ family: Family) {
    let network = family.network(dropout: 0.3)
    let draws = DropoutDraws(seed: 3, step: 5)
    let gradient = run(network, family, for: .gradient, dropout: draws).pass
    let factors = run(network, family, for: .factors, dropout: draws).pass
    let norms = run(network, family, for: .norms, dropout: draws).pass
    let both = run(network, family, for: [.gradient, .factors], dropout: draws).pass
    let trained = run(network, family, for: [.gradient, .norms], dropout: draws).pass
    #expect(bits(both.gradient) == bits(gradient.gradient))
    #expect(bits(trained.gradient) == bits(gradient.gradient))
    #expect(trained.squaredNorms == norms.squaredNorms)
    #expect(
      relativeDifference(norms.squaredNorms, factors.squaredNorms.map { Double($0) }) < 1e-5)
    let p = network.parameterCount
    let each = factors.takeFactors().fullGradients(parameterCount: p)
    #expect(both.takeFactors().fullGradients(parameterCount: p) == each)
    #expect(factors.takeFactors().blocks.isEmpty)
    var sum = [Double](repeating: 0, count: p)
    for i in 0..<Family.batch { for (k, g) in each.row(i).enumerated() { sum[k] += Double(g) } }
    // Batch norm's statistics couple examples: their terms still sum to the gradient.
    #expect(relativeDifference(gradient.gradient?.elements ?? [], sum) < 1e-5)
  }

  @Test("a gradient is added to what the pass begins with")
  func sums() {
    let network = Family.mlp.network()
    let theta = Family.mlp.parameters(network)
    let alone = run(network, .mlp, for: .gradient).pass
    var start: Tensor? = Tensor(repeating: 2, shape: theta.shape)
    let place = start.map { $0.storage.base }
    let pass = network.pass(theta, batch: 3, for: .gradient, addingTo: start.take())
    let outputs = network.root.forward(Family.mlp.inputs, pass)
    _ = network.root.backward(outputs, pass)
    #expect(
      relativeDifference(
        pass.gradient?.elements ?? [], alone.gradient?.elements.map { Double($0) + 2 } ?? [])
        < 1e-6)
    #expect(pass.gradient.map { $0.storage.base } == place)
  }

  @Test(
    "the gradient of the inputs is that of differences, with layers selected or not",
    arguments: [Family.mlp, .cnn, .vit])
  func inputGradient(_ family: Family) throws {
    let whole = family.network()
    let last = try #require(whole.parameters.last).name
    for network in [whole, try whole.selecting(LayerPatterns([last]), place: "p")] {
      let theta = family.parameters(network)
      let pass = network.pass(theta, batch: Family.batch, for: .inputGradient)
      let outputs = network.root.forward(family.inputs, pass)
      let d = gaussian(outputs.shape, seed: 2, index: 1)
      let dx = try #require(network.root.backward(d, pass))
      #expect(dx.count == family.inputs.count && pass.gradient == nil)
      let v = gaussian(family.inputs.shape, seed: 2, index: 2)
      // fp32 values at h = 2⁻⁷: truncation h² and rounding 2⁻²³/h.
      let h: Float = 0x1p-7
      func value(_ step: Float) -> Double {
        var x = family.inputs
        x.add(scaled: v, by: step)
        return network.uncheckedOutputs(x, parameters: theta).dot(d)
      }
      let slope = (value(h) - value(-h)) / Double(2 * h)
      let along = dx.reshaped(v.shape).dot(v)
      #expect(abs(along - slope) < 2e-3 * max(1, abs(slope)), "\(along) for \(slope)")
    }
  }

  @Test("what is kept begins at the lowest selected layer: 4-5-4-3, by hand")
  func kept() throws {
    let network = Family.mlp.network()
    // The inputs of each linear layer, and those of both non-linearities.
    for (layers, numbers) in [("0", 4 + 5 + 5 + 4 + 4), ("2", 5 + 4 + 4), ("4", 4)] {
      let chosen = try network.selecting(LayerPatterns([layers]), place: "p")
      let pass = run(chosen, .mlp, for: .gradient).pass
      #expect(pass.keptTensors.reduce(0) { $0 + $1.count } == Family.batch * numbers, "\(layers)")
      #expect(
        run(chosen, .mlp, for: .tangents).pass.keptTensors.count == pass.keptTensors.count,
        "\(layers)")
    }
  }

  @Test("a branch without selected layers is not gone through")
  func branches() throws {
    var builder = NetworkBuilder()
    let first = builder.linear("a", inputs: 3, outputs: 3)
    let body: [any Layer] = [builder.linear("b", inputs: 3, outputs: 2), builder.activation(.tanh)]
    let around = builder.linear("c", inputs: 3, outputs: 2)
    let parts = builder.concatenation([
      builder.linear("d", inputs: 2, outputs: 2), builder.linear("e", inputs: 2, outputs: 1),
    ])
    let network = Network(
      Sequential([first, Residual(body, shortcut: [around]), parts]), builder: builder,
      inputShape: [3], outputCount: 3)
    let theta = gaussian([network.parameterCount], seed: 1, index: 0)
    let x = gaussian([2, 3], seed: 1, index: 1)
    func gradient(_ network: Network) -> (values: [Float], kept: Int) {
      let pass = network.pass(theta, batch: 2, for: .gradient)
      _ = network.root.backward(network.root.forward(x, pass), pass)
      return (pass.gradient?.elements ?? [], pass.keptTensors.count)
    }
    let whole = gradient(network).values
    for (name, kept) in [("a", 6), ("b", 4), ("c", 3), ("d", 1), ("e", 1)] {
      let chosen = try network.selecting(LayerPatterns([name]), place: "p")
      let (part, tensors) = gradient(chosen)
      for parameter in network.parameters {
        let expected = parameter.name.hasPrefix(name) ? Array(whole[parameter.range]) : nil
        #expect(
          expected == nil || Array(part[parameter.range]) == expected, "\(name) \(parameter.name)")
      }
      #expect(tensors == kept, "\(name)")
    }
  }
}
