import Components
import Factors
import Networks
import Tensors
import Testing

@Suite("Which weights are whose")
struct ComponentWeightsTests {
  private static let kinds = ComponentGroup.Kind.allCases

  /// A family's network with all of its components, and what they do to its outputs.
  private struct Sample {
    let network: Network
    let theta, inputs, outputs: Tensor
    let components: ComponentSet
    let weights: ComponentWeights

    init(_ family: ComponentFamily) throws {
      network = try family.network()
      (theta, inputs) = (family.parameters(network), family.inputs)
      outputs = network.uncheckedOutputs(inputs, parameters: theta)
      components = try ComponentSet(network, kinds: ComponentWeightsTests.kinds)
      weights = ComponentWeights(components, of: network)
    }

    /// Outputs with one component taken away.
    func masked(_ place: Int) throws -> Tensor {
      let component = components.components[place]
      let group = try #require(components.groups.first { $0.point == component.point })
      let mask = Tensor(repeating: 1, shape: [inputs.shape[0], group.units])
      for row in 0..<inputs.shape[0] {
        mask.storage.base[row * group.units + component.unit] = 0
      }
      return network.uncheckedOutputs(
        inputs, parameters: theta, ablation: [component.point: AblationMask(mask: mask)])
    }

    /// Outputs with some weights at 0.
    func without(_ parts: [ParameterPart]) -> Tensor {
      let changed = Tensor(theta.elements, shape: theta.shape)
      for place in parts.flatMap(\.ranges).joined() { changed.storage.base[place] = 0 }
      return network.uncheckedOutputs(inputs, parameters: changed)
    }

    func texts(_ parts: [ParameterPart]) -> [String] {
      parts.map { "\($0.parameter.name) \($0.rows) \($0.columns)" }
    }

    /// The place of a component by its name.
    func place(_ name: String) throws -> Int {
      try components.places(of: [name], file: "")[0]
    }
  }

  private func distance(_ a: Tensor, _ b: Tensor) -> Float {
    zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(
    "A network without a component's weights is one without it", arguments: ComponentFamily.allCases
  )
  func own(family: ComponentFamily) throws {
    let sample = try Sample(family)
    var moved = 0
    for (place, component) in sample.components.components.enumerated() {
      // What goes around a residual branch unchanged is in these too, and not made by their weights;
      // behind a BERT layer stands a norm.
      let isMixed =
        family == .resnet && component.layer.hasPrefix("layer")
        && !component.layer.hasSuffix(".conv1") && component.kind != .block
        || family == .bert && component.kind == .layer
      #expect(!sample.weights.own[place].isEmpty, "\(component.name)")
      if isMixed { continue }
      let masked = try sample.masked(place)
      #expect(
        distance(sample.without(sample.weights.own[place]), masked) < 1e-4, "\(component.name)")
      if distance(masked, sample.outputs) > 1e-3 { moved += 1 }
    }
    #expect(4 * moved > sample.components.count)
  }

  @Test(
    "A network that does not read a component is one without it",
    arguments: ComponentFamily.allCases.filter { !$0.hasBatchNorm })
  func readers(family: ComponentFamily) throws {
    let sample = try Sample(family)
    for (place, component) in sample.components.components.enumerated() {
      let readers = sample.weights.readers[place]
      // Attention reads queries, keys and values: no weights do.
      let isRead = [.neuron, .filter, .head].contains(component.kind)
      #expect(readers.isEmpty != isRead, "\(component.name)")
      if !isRead { continue }
      #expect(
        distance(sample.without(readers.flatMap { $0 }), try sample.masked(place)) < 1e-4,
        "\(component.name)")
    }
  }

  @Test("Components of one kind share no weight", arguments: ComponentFamily.allCases)
  func disjoint(family: ComponentFamily) throws {
    let sample = try Sample(family)
    for kind in sample.components.kinds {
      let places = sample.components.components.indices.filter {
        sample.components.components[$0].kind == kind
      }.flatMap { sample.weights.own[$0].flatMap(\.ranges).joined() }
      #expect(Set(places).count == places.count, "\(kind)")
    }
  }

  @Test("Rows of a perceptron, columns of GPT-2's transposed weights, a convolution's channels")
  func byHand() throws {
    let mlp = try Sample(.mlp)
    #expect(
      mlp.texts(mlp.weights.own[try mlp.place("2.neuron.3")])
        == ["2.weight 3..<4 0..<5", "2.bias 3..<4 0..<1"])
    #expect(
      mlp.texts(mlp.weights.readers[try mlp.place("2.neuron.3")][0]) == ["4.weight 0..<3 3..<4"])
    let gpt2 = try Sample(.gpt2)
    let (attention, mlpName) = ("transformer.h.1.attn", "transformer.h.1.mlp")
    #expect(
      gpt2.texts(gpt2.weights.own[try gpt2.place(attention + ".head.1")]) == [
        "\(attention).c_attn.weight 0..<4 2..<4", "\(attention).c_attn.bias 2..<4 0..<1",
        "\(attention).c_attn.weight 0..<4 6..<8", "\(attention).c_attn.bias 6..<8 0..<1",
        "\(attention).c_attn.weight 0..<4 10..<12", "\(attention).c_attn.bias 10..<12 0..<1",
        "\(attention).c_proj.weight 2..<4 0..<4",
      ])
    #expect(
      gpt2.texts(gpt2.weights.own[try gpt2.place(mlpName + ".c_fc.neuron.5")])
        == ["\(mlpName).c_fc.weight 0..<4 5..<6", "\(mlpName).c_fc.bias 5..<6 0..<1"])
    let cnn = try Sample(.cnn)
    // 12 × 12 pixels, twice pooled: 9 of each channel reach the linear layer.
    #expect(
      cnn.texts(cnn.weights.readers[try cnn.place("0.filter.2")][0]) == ["3.weight 0..<4 18..<27"])
    #expect(
      cnn.texts(cnn.weights.readers[try cnn.place("3.filter.1")][0]) == ["7.weight 0..<5 9..<18"])
  }

  @Test("Shared keys and values are no head's; a gated neuron has a row of both halves")
  func llama() throws {
    let sample = try Sample(.llama)
    let name = "model.layers.0"
    #expect(
      sample.texts(sample.weights.own[try sample.place("\(name).self_attn.head.3")]) == [
        "\(name).self_attn.q_proj.weight 6..<8 0..<8",
        "\(name).self_attn.o_proj.weight 0..<8 6..<8",
      ])
    #expect(
      sample.texts(sample.weights.own[try sample.place("\(name).mlp.neuron.4")]) == [
        "\(name).mlp.gate_proj.weight 4..<5 0..<8", "\(name).mlp.up_proj.weight 4..<5 0..<8",
      ])
    let attention = sample.weights.own[try sample.place("\(name).self_attn.attention")]
    #expect(
      attention.map(\.parameter.name)
        == ["q", "k", "v", "o"].map { "\(name).self_attn.\($0)_proj.weight" })
  }

  @Test("Behind a residual sum both ways make a channel, and both read it")
  func residual() throws {
    let sample = try Sample(.resnet)
    let place = try sample.place("layer2.0.filter.1")
    #expect(
      sample.texts(sample.weights.own[place]) == [
        "layer2.0.conv2.weight 1..<2 0..<36", "layer2.0.downsample.0.weight 1..<2 0..<2",
      ])
    // The identity around layer2.1 leads to layer3.0, whose own shortcut is a convolution.
    #expect(
      sample.texts(sample.weights.readers[place][0]) == [
        "layer2.1.conv1.weight 0..<4 9..<18", "layer3.0.conv1.weight 0..<8 9..<18",
        "layer3.0.downsample.0.weight 0..<8 1..<2",
      ])
  }

  @Test("Embeddings, norms and the output layer are nobody's")
  func rest() throws {
    func names(_ family: ComponentFamily) throws -> [String] {
      let sample = try Sample(family)
      let free = sample.weights.rest(of: sample.network)
      return sample.network.parameters.filter { parameter in
        free.contains { $0.overlaps(parameter.range) }
      }.map(\.name)
    }
    #expect(try names(.cnn) == ["9.weight", "9.bias"])
    var ofGPT = ["transformer.wte.weight", "transformer.wpe.weight"]
    for block in ["transformer.h.0", "transformer.h.1"] {
      for norm in ["ln_1", "ln_2"] {
        ofGPT += ["\(block).\(norm).weight", "\(block).\(norm).bias"]
      }
    }
    ofGPT += ["transformer.ln_f.weight", "transformer.ln_f.bias"]
    #expect(try names(.gpt2) == ofGPT)
    let heads = try ComponentSet(ComponentFamily.llama.network(), kinds: [.head])
    let network = try ComponentFamily.llama.network()
    let free = ComponentWeights(heads, of: network).rest(of: network)
    let key = try #require(network.parameters.first { $0.name.hasSuffix("k_proj.weight") })
    #expect(
      free.contains { $0.contains(key.range.lowerBound) && $0.contains(key.range.upperBound - 1) })
  }

  @Test("Squared norms are over the part's own places")
  func norm() {
    let parameter = Parameter(name: "w", shape: [2, 3], offset: 1)
    let theta = Tensor([9, 1, 2, 3, 4, 5, 6, 9], shape: [8])
    let part = ParameterPart(parameter, columns: 1..<3)
    #expect(part.ranges == [2..<4, 5..<7])
    #expect(part.count == 4)
    #expect([part].squaredNorm(theta) == 4 + 9 + 25 + 36)
    #expect(ParameterPart(parameter, rows: 1..<2).ranges == [4..<7])
  }
}
