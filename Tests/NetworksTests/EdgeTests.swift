import Factors
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Edges of networks")
struct EdgeTests {
  static let sequence: Network = {
    var builder = NetworkBuilder()
    let layers: [any Layer] = [
      builder.linear("0", inputs: 4, outputs: 3), builder.activation(.gelu),
      builder.ablationPoint(.neuron, of: "0", units: 3), builder.meanPool(), builder.dropout(0.5),
      builder.linear("1", inputs: 3, outputs: 2),
    ]
    return Network(Sequential(layers), builder: builder, inputShape: [5, 4], outputCount: 2)
  }()
  static let vit: Network = {
    let sizes = ViTConfiguration(
      image: ImageShape(channels: 2, height: 4, width: 4), patch: 2, layers: 1, heads: 2, width: 4,
      classes: 2, dropout: 0.1, attentionDropout: 0.1)
    guard let network = Network.vit(sizes) else { preconditionFailure("a patch that does not fit") }
    return network
  }()
  static let perceptron = Network.multilayerPerceptron(
    inputShape: [2, 2], hidden: [3], outputs: 2, activation: .tanh, dropout: 0.5)

  @Test("a batch of none goes through everything", arguments: [sequence, perceptron, vit])
  func emptyBatch(_ network: Network) throws {
    let x = Tensor(uninitialized: [0] + network.inputShape)
    let theta = network.initialParameters(seed: 1)
    let targets = TargetValues.classes([])
    #expect(network.uncheckedOutputs(x, parameters: theta).shape == [0, 2])
    let gradient = try network.lossGradient(
      x, targets, parameters: theta, loss: .crossEntropy
    ).parameters
    #expect(gradient.elements.allSatisfy { $0 == 0 } && gradient.count == theta.count)
    #expect(try network.outputTangent(x, parameters: theta, along: theta).tangent.shape == [0, 2])
    let product = try network.curvature(
      x, targets, parameters: theta, loss: .crossEntropy, along: theta
    ).product
    #expect(product.elements.allSatisfy { $0 == 0 } && product.count == theta.count)
    #expect(
      try network.curvature(
        x, targets, parameters: theta, loss: .crossEntropy, along: theta, matrix: .gaussNewton
      ).product
        == product)
    #expect(
      try network.directionalDerivatives(x, parameters: theta, along: theta) { $0 }.isEmpty)
    let pass = network.pass(
      theta, batch: 0, for: .outputs, dropout: DropoutDraws(seed: 1, step: 1))
    #expect(network.root.forward(x, pass).shape == [0, 2])
    let masks = Dictionary(
      uniqueKeysWithValues: network.components.map {
        ($0.point, AblationMask(mask: Tensor(uninitialized: [0, $0.units])))
      })
    #expect(network.uncheckedOutputs(x, parameters: theta, ablation: masks).shape == [0, 2])
  }

  @Test("gradients of none join those of some", arguments: [sequence, perceptron, vit])
  func emptyFactors(_ network: Network) throws {
    let theta = network.initialParameters(seed: 1)
    func factors(_ count: Int) throws -> ExampleGradients {
      try network.exampleGradients(
        gaussian([count] + network.inputShape, seed: 1, index: 2), parameters: theta
      ) { $0 }.gradients
    }
    let joined = ExampleGradients(concatenating: [
      try factors(0), try factors(3), try factors(0),
    ])
    #expect(joined.count == 3)
    #expect(try joined.exactKernel() == factors(3).exactKernel())
    #expect(try factors(0).exactKernel(with: factors(3)).columns == 3)
    #expect(try factors(0).squaredNorms().isEmpty)
    var unit = Matrix<Float>(rows: 2, columns: 2)
    unit[0, 0] = 1
    unit[1, 1] = 1
    let (none, outputs) = try network.jacobianFactors(
      Tensor(uninitialized: [0] + network.inputShape), parameters: theta, functions: unit)
    #expect(none.count == 0 && none.exactKernel().count == 0 && outputs.shape == [0, 2])
  }

  @Test("a batch of one is the first of a batch of many", arguments: [sequence, perceptron, vit])
  func batchOfOne(_ network: Network) throws {
    let theta = network.initialParameters(seed: 1)
    let x = gaussian([6] + network.inputShape, seed: 1, index: 2)
    let many = try network.exampleGradients(x, parameters: theta) { $0 }.gradients
    let one = try network.exampleGradients(x.prefixSlice(0..<1), parameters: theta) { $0 }.gradients
    #expect(one.count == 1)
    let p = network.parameterCount
    #expect(
      relativeDifference(
        one.fullGradients(parameterCount: p).row(0), many.fullGradients(parameterCount: p).row(0))
        < 1e-6)
  }

  @Test("a network of one class has loss 0 and no gradient")
  func oneClass() throws {
    let network = Network.multilayerPerceptron(inputShape: [3], hidden: [4], outputs: 1)
    let theta = network.initialParameters(seed: 2)
    let x = gaussian([5, 3], seed: 2, index: 0)
    let targets = TargetValues.classes([0, 0, 0, 0, 0])
    let found = try network.lossGradient(x, targets, parameters: theta, loss: .crossEntropy)
    let (gradient, z) = (found.parameters, found.outputs)
    #expect(gradient.elements.allSatisfy { $0 == 0 })
    for function in [OutputFunction.margin, .hardMargin, .logProbability] {
      let (factors, _) = try network.exampleGradients(x, parameters: theta) {
        function.gradient($0, targets)
      }
      #expect(factors.squaredNorms() == [0, 0, 0, 0, 0])
    }
    #expect(Loss.crossEntropy.values(z, targets) == [0, 0, 0, 0, 0])
  }

  @Test(
    "NaN inputs are in the example's outputs, loss and gradients, and in no other's",
    arguments: [sequence, perceptron, vit])
  func notANumber(_ network: Network) throws {
    var x = gaussian([3] + network.inputShape, seed: 3, index: 0)
    x[x.count / 3] = .nan
    let theta = network.initialParameters(seed: 3)
    let targets = TargetValues.classes([0, 1, 0])
    let (factors, z) = try network.exampleGradients(x, parameters: theta) {
      OutputFunction.margin.gradient($0, targets)
    }
    #expect(z.firstNonFinite.map { $0 / 2 } == 1)
    #expect(OutputFunction.margin.values(z, targets).map(\.isNaN) == [false, true, false])
    #expect(Loss.crossEntropy.values(z, targets).map(\.isNaN) == [false, true, false])
    #expect(factors.squaredNorms().map(\.isNaN) == [false, true, false])
    let gradient = try network.lossGradient(
      x, targets, parameters: theta, loss: .crossEntropy
    ).parameters
    #expect(gradient.containsNonFinite)
  }

  @Test("initial parameters are PyTorch's range, and a function of the seed")
  func initialParameters() {
    let network = Network.multilayerPerceptron(inputShape: [100], hidden: [50], outputs: 4)
    let theta = network.initialParameters(seed: 7)
    #expect(network.initialParameters(seed: 7) == theta)
    #expect(network.initialParameters(seed: 8) != theta)
    for parameter in network.parameters {
      let bound: Float = parameter.name.hasPrefix("0.") ? 0.1 : 1 / Float(50).squareRoot()
      let values = theta.elements[parameter.range]
      #expect(values.allSatisfy { abs($0) <= bound }, "\(parameter.name)")
      #expect((values.max() ?? 0) > 0.3 * bound && (values.min() ?? 0) < -0.3 * bound)
    }
  }
}
