import Networks
import Tensors
import TestSupport
import Testing

/// What no derivative is taken of, refused word for word.
@Suite("Refused derivatives")
struct DerivativeErrorTests {
  static let network = Network.multilayerPerceptron(inputShape: [3], hidden: [2], outputs: 2)
  static let gpt2 = Network.gpt2(
    GPT2Configuration(vocabulary: 7, context: 4, layers: 1, heads: 1, width: 2))

  private func flat(_ network: Network, _ count: Int? = nil) -> Tensor {
    Tensor(repeating: 0.5, shape: [count ?? network.parameterCount])
  }

  /// Every call that takes derivatives along a direction or of a loss, with the same arguments.
  private func refused(
    _ network: Network = network, inputs: Tensor? = nil, targets: TargetValues = .classes([0, 1]),
    loss: Loss = .crossEntropy, parameters: Tensor? = nil, direction: Tensor? = nil,
    dropout: DropoutDraws? = nil, statistics: [Int: Tensor] = [:]
  ) -> [DerivativeError?] {
    let x = inputs ?? Tensor(repeating: 1, shape: [2, 3])
    let (theta, v) = (parameters ?? flat(network), direction ?? flat(network))
    func error(_ body: () throws -> Void) -> DerivativeError? {
      do { try body() } catch { return error as? DerivativeError }
      return nil
    }
    return [
      error {
        _ = try network.curvature(
          x, targets, parameters: theta, loss: loss, along: v, dropout: dropout,
          statistics: statistics)
      },
      error {
        _ = try network.outputTangent(x, parameters: theta, along: v, dropout: dropout)
      },
      error {
        _ = try network.lossGradient(
          x, targets, parameters: theta, loss: loss, dropout: dropout)
      },
      error {
        _ = try network.gradient(x, parameters: theta, dropout: dropout) { $0 }
      },
    ]
  }

  private func expect(_ error: DerivativeError?, _ text: String) {
    #expect(error?.description == text)
  }

  @Test("what fits is not refused")
  func fits() {
    #expect(refused().allSatisfy { $0 == nil })
    let tokens = Tensor([0, 6, 1, -1], shape: [1, 4])
    #expect(
      refused(Self.gpt2, inputs: tokens, targets: .tokens(tokens), loss: .nextToken)
        .allSatisfy { $0 == nil })
  }

  @Test("vectors of another length than the parameters")
  func lengths() {
    let short = refused(parameters: flat(Self.network, 13))
    #expect(short.allSatisfy { $0 == .length(of: "parameters", found: 13, expected: 14) })
    expect(
      short[0],
      """
      error: 13 values are given as parameters, the network has 14 parameters
        at:  parameters
        fix: give 14 values, in the order of the network's parameters
      """)
    let along = refused(direction: flat(Self.network, 15))
    #expect(
      along[..<2].allSatisfy { $0 == .length(of: "direction", found: 15, expected: 14) })
    #expect(along[2...].allSatisfy { $0 == nil })
  }

  @Test("inputs that are no batch of the network's")
  func inputs() {
    let wide = refused(inputs: Tensor(repeating: 1, shape: [2, 4]))
    #expect(wide.allSatisfy { $0 == .inputs(found: [2, 4], expected: [3]) })
    expect(
      wide[0],
      """
      error: inputs are 2 × 4, the network reads B × 3
        at:  inputs
        fix: give a batch of examples of the network's shape
      """)
    for shape in [[1, 5], [4], [2, 1, 4], [1, 0]] {
      let tokens = Tensor(repeating: 0, shape: shape)
      let found = refused(Self.gpt2, inputs: tokens, targets: .tokens(tokens), loss: .nextToken)
      #expect(found.allSatisfy { $0 == .inputs(found: shape, expected: [4]) }, "\(shape)")
    }
  }

  @Test("tokens outside the vocabulary", arguments: [Float(7), 1e9, .infinity, .nan])
  func tokens(_ value: Float) {
    let tokens = Tensor([0, 6, 1, 2, 3, value, 1, 0], shape: [2, 4])
    let found = refused(Self.gpt2, inputs: tokens, targets: .tokens(tokens), loss: .nextToken)
    for error in found {
      expect(
        error,
        """
        error: \(value) at position 1 of example 1 is no token below 7
          at:  inputs
          fix: tokens are whole numbers below 7, padding is below 0
        """)
    }
    let good = Tensor(repeating: 0, shape: [2, 4])
    let targets = refused(Self.gpt2, inputs: good, targets: .tokens(tokens), loss: .nextToken)
    #expect(targets[0] != nil && targets[1] == nil && targets[2] != nil)
  }

  @Test("targets of another loss, another number or another class")
  func targets() {
    let values = TargetValues.values(Tensor(repeating: 0, shape: [2, 2]))
    let loss = refused(targets: values)
    #expect(loss[0] == .loss("crossEntropy", targets: "numbers") && loss[2] == loss[0])
    expect(
      loss[0],
      """
      error: crossEntropy is no loss of numbers
        at:  targets
        fix: take the loss of the targets: crossEntropy of classes, squaredError of numbers, \
      nextToken of sequences
      """)
    let few = refused(targets: .classes([1]))
    #expect(few[0] == .targetCount(found: 1, expected: 2) && few[2] == few[0])
    let narrow = TargetValues.values(Tensor(repeating: 0, shape: [2, 1]))
    let numbers = refused(targets: narrow, loss: .squaredError)
    #expect(numbers[0] == .targetCount(found: 2, expected: 4))
    let tokens = TargetValues.tokens(Tensor(repeating: 0, shape: [2, 3]))
    #expect(
      refused(targets: tokens, loss: .nextToken)[0] == .targetCount(found: 6, expected: 2))
    for y in [-1, 2, Int(Int32.max)] {
      let found = refused(targets: .classes([0, Int32(y)]))
      #expect(found[0] == .targetClass(y, classes: 2, example: 1) && found[2] == found[0])
    }
    expect(
      refused(targets: .classes([2, 0]))[0],
      """
      error: the target 2 of example 0 is no class below 2
        at:  targets
        fix: classes are 0 to 1
      """)
  }

  @Test("gradients by the outputs of another shape than theirs")
  func outputGradients() {
    let (x, theta) = (Tensor(repeating: 1, shape: [2, 3]), flat(Self.network))
    let wrong = Tensor(repeating: 1, shape: [2, 3])
    let found = [
      diagnosed { _ = try Self.network.gradient(x, parameters: theta) { _ in wrong } },
      diagnosed {
        _ = try Self.network.directionalDerivatives(x, parameters: theta, along: theta) { _ in
          wrong
        }
      },
    ]
    for error in found {
      #expect(
        error?.description == """
          error: the gradient by the outputs is 2 × 3, the outputs are 2 × 2
            at:  the gradient by the outputs
            fix: give one number an output
          """)
    }
  }

  @Test("adjoints of what is no running statistic")
  func statistics() {
    expect(
      refused(statistics: [3: Tensor(repeating: 0, shape: [2])])[0],
      """
      error: an adjoint of 2 values is of no running statistic at offset 3
        at:  adjoints of the running statistics
        fix: the network has no running statistics
      """)
    var builder = NetworkBuilder()
    let norm = builder.batchNorm("n", channels: 2)
    let network = Network(norm, builder: builder, inputShape: [1, 1, 2], outputCount: 2)
    let inputs = Tensor(repeating: 1, shape: [2, 1, 1, 2])
    for (offset, count) in [(4, 3), (0, 2), (-1, 2)] {
      let error = refused(
        network, inputs: inputs, statistics: [offset: Tensor(repeating: 0, shape: [count])])[0]
      #expect(
        error
          == .statistics(
            offset: offset, count: count, known: ["n.running_mean", "n.running_var"]))
    }
  }

  @Test("a place before the batch")
  func place() {
    let found = refused(dropout: DropoutDraws(seed: 0, step: 0, firstExample: -1))
    #expect(found.allSatisfy { $0 == .place(-1) })
  }

  /// A layer of someone who did not write its tangents.
  struct Sign: Layer {
    var tangentRefusal: String? { "signs have no slope" }
    func forward(_ x: Tensor, _ pass: Pass) -> Tensor { x }
    func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { dy }
    func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? { nil }
    func backwardTangent(
      _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
    ) -> (dx: Tensor?, rdx: Tensor?) { (dy, nil) }
  }

  @Test("a layer without tangents, by name, wherever it stands")
  func layer() {
    var builder = NetworkBuilder()
    let linear = builder.linear("l", inputs: 3, outputs: 2)
    for inner in [[Sign()], [Residual([Sign()])], [Sequential([Sign()])]] as [[any Layer]] {
      let network = Network(
        Sequential([linear] + inner), builder: builder, inputShape: [3], outputCount: 2)
      let found = refused(network)
      for error in found[..<2] {
        expect(
          error,
          """
          error: no tangent goes through Sign: signs have no slope
            at:  Sign
            fix: take first derivatives of this network, or give the layer its tangents
          """)
      }
      #expect(found[2...].allSatisfy { $0 == nil })
    }
  }
}
