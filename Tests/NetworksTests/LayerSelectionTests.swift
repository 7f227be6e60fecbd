import Factors
import LinearAlgebra
import Networks
import Tensors
import TestSupport
import Testing

/// Patterns, and gradients by some of the layers alone.
@Suite("Layers chosen by name")
struct LayerSelectionTests {
  static let gpt2 = Network.gpt2(
    GPT2Configuration(vocabulary: 7, context: 5, layers: 2, heads: 2, width: 4))
  static let tokens = Tensor([0, 3, 6, 1, 2, 5, 5, 4, 0, 1, 2, 3, -1, -1, -1], shape: [3, 5])
  static let images = ImageShape(channels: 2, height: 6, width: 6)

  private func names(_ text: String, _ network: Network = gpt2) throws -> [String] {
    try LayerPatterns(text: text).chosen(from: network.parameters, place: "--layers").map(\.name)
  }

  @Test(
    "patterns match whole parts of names",
    arguments: [
      ("h.1.mlp", 4), ("transformer.h.1", 12), ("h.?", 24), ("*.mlp.*", 8), ("*.bias", 13),
      ("wte.weight", 1), ("wte", 1), ("h.0,h.1", 24), ("!h", 4), ("h,!*.bias", 12),
      ("!*.bias,!h.0", 9), ("transformer", 28), ("*", 28), ("h.*.c_fc.weight", 2),
      (" wte , wpe ", 2),
    ])
  func patterns(text: String, count: Int) throws {
    #expect(try names(text).count == count)
  }

  @Test("a pattern that fits the beginning of a name does not look further")
  func beginnings() throws {
    let network = Network.multilayerPerceptron(inputShape: [3], hidden: [4, 4], outputs: 2)
    #expect(try names("2", network) == ["2.weight", "2.bias"])
    #expect(try names("weight", network) == ["0.weight", "2.weight", "4.weight"])
  }

  @Test("a pattern that fits nothing is refused word for word")
  func unmatched() throws {
    let network = Network.multilayerPerceptron(inputShape: [3], hidden: [4], outputs: 2)
    for (text, near) in [("2.weigth", "; did you mean `2.weight`?"), ("h.9", "")] {
      let error = diagnosed { _ = try names("0," + text, network) }
      #expect(error?.what == "no layer is called `\(text)`\(near)")
      #expect(error?.location == "--layers")
      #expect(
        error?.remedy == "the parameters here are 0.weight, 0.bias, 2.weight, 2.bias")
    }
    for text in ["", "0,", "!", "h.1.ml", "..."] {
      #expect(diagnosed { _ = try names(text) } != nil, "\(text)")
    }
    let error = diagnosed { _ = try network.selecting(LayerPatterns(["!0", "!2"]), place: "p") }
    #expect(error?.what == "`!0,!2` leaves no parameter")
  }

  @Test("a selection has one text however it was chosen")
  func texts() throws {
    func text(_ patterns: String) throws -> String? {
      try Self.gpt2.selecting(LayerPatterns(text: patterns), place: "p").selectionText
    }
    #expect(try text("h.1") == "transformer.h.1")
    #expect(try text("h.1.*") == "transformer.h.1")
    #expect(try text("!wte,!wpe,!ln_f,!h.0") == "transformer.h.1")
    #expect(try text("h") == "transformer.h")
    #expect(try text("*") == nil)
    #expect(try text("h.1.ln_1.bias,wte") == "transformer.wte transformer.h.1.ln_1.bias")
    #expect(Self.gpt2.selectionText == nil)
  }

  /// Networks with inputs and a function of their outputs.
  enum Case: String, CaseIterable {
    case perceptron, gpt2, convolutional, resnet

    var network: Network? {
      switch self {
      case .perceptron:
        .multilayerPerceptron(inputShape: [4], hidden: [5, 3], outputs: 3, activation: .tanh)
      case .gpt2: LayerSelectionTests.gpt2
      case .convolutional:
        .convolutional(
          image: images, channels: [3, 4], hidden: [5], outputs: 3, normalisation: .group)
      case .resnet: .resnet(image: images, blocks: 1, width: 2, outputs: 3)
      }
    }

    var inputs: Tensor {
      switch self {
      case .perceptron: gaussian([3, 4], seed: 1, index: 0)
      case .gpt2: tokens
      case .convolutional, .resnet: gaussian([3, 2, 6, 6], seed: 1, index: 0)
      }
    }

    func gradients(_ network: Network) throws -> ExampleGradients {
      let theta = network.initialParameters(seed: 4)
      return try network.exampleGradients(inputs, parameters: theta) { outputs in
        guard self == .gpt2 else { return outputs }
        return Loss.nextToken.gradient(outputs, .tokens(inputs))
      }.gradients
    }
  }

  @Test("each parameter alone has its part of the full gradient", arguments: Case.allCases)
  func parts(_ c: Case) throws {
    let network = try #require(c.network)
    let full = try c.gradients(network).fullGradients(parameterCount: network.parameterCount)
    let buffers = Set(network.buffers.map(\.offset))
    for parameter in network.parameters where !buffers.contains(parameter.offset) {
      let chosen = try network.selecting(LayerPatterns([parameter.name]), place: "p")
      #expect(chosen.selectedCount == parameter.count)
      let part = try c.gradients(chosen)
      #expect(part.gradientCount == parameter.count, "\(parameter.name)")
      let rows = part.fullGradients(parameterCount: network.parameterCount)
      for i in 0..<3 {
        let expected = full.row(i).enumerated().map { parameter.range.contains($0) ? $1 : 0 }
        let scale = expected.map(abs).max() ?? 0
        let worst = zip(rows.row(i), expected).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= 2e-6 * max(scale, 1e-6), "\(parameter.name) of example \(i)")
      }
    }
  }

  @Test("kernels over a partition of the layers sum to the full one", arguments: Case.allCases)
  func partition(_ c: Case) throws {
    let network = try #require(c.network)
    let full = try c.gradients(network).exactKernel()
    var sum = [Double](repeating: 0, count: 9)
    let names = network.parameters.map(\.name)
    let isBuffer = Set(network.buffers.map(\.name))
    for part in 0..<3 {
      let patterns = names.enumerated().filter { $0 % 3 == part && !isBuffer.contains($1) }
      let chosen = try network.selecting(LayerPatterns(patterns.map(\.element)), place: "p")
      for (i, value) in try c.gradients(chosen).exactKernel().elements.enumerated() {
        sum[i] += Double(value)
      }
    }
    #expect(relativeDifference(sum, full.elements) < 1e-5)
  }

  @Test(
    "the gradient of a selection has the bits of the whole network's there, and no others",
    arguments: Case.allCases)
  func bits(_ c: Case) throws {
    let network = try #require(c.network)
    let theta = network.initialParameters(seed: 4)
    func gradient(_ network: Network, trains: Bool) -> [Float] {
      let pass = network.pass(
        theta, batch: 3, for: .gradient, dropout: trains ? DropoutDraws(seed: 1, step: 0) : nil)
      let outputs = network.root.forward(c.inputs, pass)
      let slopes = c == .gpt2 ? Loss.nextToken.gradient(outputs, .tokens(c.inputs)) : outputs
      _ = network.root.backward(slopes, pass)
      return pass.gradient?.elements ?? []
    }
    let buffers = Set(network.buffers.map(\.offset))
    for trains in [false, true] {
      let full = gradient(network, trains: trains)
      for parameter in network.parameters where !buffers.contains(parameter.offset) {
        let chosen = try network.selecting(LayerPatterns([parameter.name]), place: "p")
        let part = gradient(chosen, trains: trains)
        let range = parameter.range
        #expect(
          part[range].map(\.bitPattern) == full[range].map(\.bitPattern), "\(parameter.name)")
      }
    }
  }

  @Test(
    "what no gradient goes through is not kept, and tangents do not need it",
    arguments: Case.allCases)
  func kept(_ c: Case) throws {
    let network = try #require(c.network)
    let last = try #require(network.parameters.last).name
    let chosen = try network.selecting(LayerPatterns([last]), place: "p")
    let theta = network.initialParameters(seed: 4)
    let (full, part) = (network.footprint, chosen.footprint)
    #expect(part.saved < full.saved / 2, "\(part.saved) of \(full.saved)")
    #expect(part.largest == full.largest)
    let v = Tensor(
      network.parameters.flatMap { parameter in
        [Float](repeating: parameter.name == last ? 1 : 0, count: parameter.count)
      }, shape: theta.shape)
    let expected = try network.outputTangent(c.inputs, parameters: theta, along: v).tangent
    #expect(try chosen.outputTangent(c.inputs, parameters: theta, along: v).tangent == expected)
    let pass = chosen.pass(theta, batch: 3, for: .gradient)
    let y = chosen.root.forward(c.inputs, pass)
    #expect(y == network.uncheckedOutputs(c.inputs, parameters: theta))
  }

  @Test("nothing is computed below the lowest selected layer")
  func stops() throws {
    let network = Network.multilayerPerceptron(
      inputShape: [4], hidden: [5, 3], outputs: 3, activation: .tanh)
    let theta = network.initialParameters(seed: 4)
    let chosen = try network.selecting(LayerPatterns(["4"]), place: "p")
    let pass = chosen.pass(theta, batch: 3, for: .gradient)
    let outputs = chosen.root.forward(Case.perceptron.inputs, pass)
    #expect(chosen.root.backward(outputs, pass) == nil)
    let gradient = pass.gradient?.elements ?? []
    let last = chosen.selection?.ranges.first ?? 0..<0
    #expect(gradient[..<last.lowerBound].allSatisfy { $0 == 0 })
    #expect(gradient[last].contains { $0 != 0 })
  }
}
