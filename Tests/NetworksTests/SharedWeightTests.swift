import Factors
import Networks
import Tensors
import TestSupport
import Testing

/// A weight used more than once, with every arrangement of biases, against gradients of batches of
/// one, which take another way through the code (sums, no factors).
@Suite("Shared weights")
struct SharedWeightTests {
  enum Biases: String, CaseIterable { case same, none, firstOnly, lastOnly, different, mixed }

  static func network(_ biases: Biases, positions: Int) -> Network {
    var builder = NetworkBuilder()
    let hasFirst = biases != .none && biases != .lastOnly
    let first = builder.linear("a", inputs: 4, outputs: 4, bias: hasFirst)
    var other: Parameter?
    if biases == .different || biases == .lastOnly || biases == .mixed {
      other = builder.parameter(name: "b.bias", shape: [4], fanIn: 4)
    }
    let second: Parameter? =
      switch biases {
      case .same: first.bias
      case .none, .firstOnly: nil
      case .lastOnly, .different, .mixed: other
      }
    var layers: [any Layer] = [
      first, builder.activation(.tanh), builder.linear(sharing: first.weight, bias: second),
      builder.activation(.gelu),
    ]
    if biases == .mixed {
      layers += [
        builder.linear(sharing: first.weight, bias: first.bias), builder.activation(.tanh),
      ]
      layers += [builder.linear(sharing: first.weight, bias: nil), builder.activation(.tanh)]
    }
    if positions > 1 { layers.append(builder.meanPool()) }
    layers.append(builder.linear("head", inputs: 4, outputs: 3))
    return Network(
      Sequential(layers), builder: builder,
      inputShape: positions > 1 ? [positions, 4] : [4], outputCount: 3)
  }

  @Test(
    "factors of a shared weight are the gradients of single examples",
    arguments: Biases.allCases, [1, 3])
  func factors(_ biases: Biases, positions: Int) throws {
    let network = Self.network(biases, positions: positions)
    let theta = gaussian([network.parameterCount], seed: 1, index: 0)
    let x = gaussian([5] + network.inputShape, seed: 1, index: 1)
    let targets = TargetValues.classes([0, 1, 2, 0, 1])
    let (factors, _) = try network.exampleGradients(x, parameters: theta) {
      Loss.crossEntropy.gradient($0, targets)
    }
    let full = factors.fullGradients(parameterCount: network.parameterCount)
    let single = try (0..<5).map { i in
      try network.lossGradient(
        x.prefixSlice(i..<i + 1), targets.gathered([i]), parameters: theta, loss: .crossEntropy
      ).parameters.elements
    }
    for i in 0..<5 { #expect(relativeDifference(full.row(i), single[i]) < 1e-5, "example \(i)") }
    let kernel = single.flatMap { a in
      single.map { b in zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
    }
    #expect(relativeDifference(factors.exactKernel().elements, kernel) < 1e-5)
    let norms = (0..<5).map { kernel[$0 * 6] }
    #expect(relativeDifference(factors.squaredNorms(), norms) < 1e-5)
    // Each parameter has its place in one block.
    #expect(factors.gradientCount == network.parameterCount)
  }

  @Test(
    "tangents through a shared weight are differences of the outputs",
    arguments: Biases.allCases, [1, 3])
  func tangents(_ biases: Biases, positions: Int) throws {
    let network = Self.network(biases, positions: positions)
    let theta = gaussian([network.parameterCount], seed: 2, index: 0)
    let x = gaussian([3] + network.inputShape, seed: 2, index: 1)
    let v = gaussian([network.parameterCount], seed: 2, index: 2)
    let targets = TargetValues.classes([0, 1, 2])
    // fp32 differences at h = 2⁻⁷: truncation h² ~ 6e-5 and rounding ~ 2e-5 of the values.
    let h: Float = 0x1p-7
    func moved(_ step: Float) -> Tensor {
      var moved = theta
      moved.add(scaled: v, by: step)
      return moved
    }
    let (tangent, _) = try network.outputTangent(x, parameters: theta, along: v)
    let rise =
      (network.uncheckedOutputs(x, parameters: moved(h))
      - network.uncheckedOutputs(x, parameters: moved(-h)))
      .scaled(by: 1 / (2 * h))
    #expect(relativeDifference(tangent.elements, rise.elements) < 2e-3)
    func gradient(_ theta: Tensor) throws -> Tensor {
      try network.lossGradient(x, targets, parameters: theta, loss: .crossEntropy).parameters
    }
    let bend = (try gradient(moved(h)) - gradient(moved(-h))).scaled(by: 1 / (2 * h))
    let product = try network.curvature(
      x, targets, parameters: theta, loss: .crossEntropy, along: v
    ).product
    #expect(relativeDifference(product.elements, bend.elements) < 2e-3)
  }

  @Test("only the selected weights are recorded")
  func selection() throws {
    let network = try Self.network(.same, positions: 1).selecting(
      LayerPatterns(["head.weight"]), place: "test")
    let theta = gaussian([network.parameterCount], seed: 1, index: 0)
    let (factors, _) = try network.exampleGradients(
      gaussian([2, 4], seed: 1, index: 1), parameters: theta
    ) { $0 }
    #expect(factors.blocks.map(\.weight.name) == ["head.weight"])
  }
}
