import Networks
import Tensors
import TestSupport
import Testing

@Suite("Dropout")
struct DropoutTests {
  /// Dropout alone, at a slot of choice.
  static func network(rate: Float, slot: Int = 0) -> Network {
    var builder = NetworkBuilder()
    for _ in 0..<slot { _ = builder.meanPool() }
    return Network(
      Sequential([builder.dropout(rate)]), builder: builder, inputShape: [50], outputCount: 50)
  }

  static func masks(
    rate: Float = 0.25, slot: Int = 0, seed: UInt64 = 1, step: UInt64 = 2, batch: Int = 40
  ) -> Tensor {
    let network = network(rate: rate, slot: slot)
    let pass = network.pass(
      Tensor(uninitialized: [0]), batch: batch, for: .outputs,
      dropout: DropoutDraws(seed: seed, step: step))
    return network.root.forward(Tensor(repeating: 1, shape: [batch, 50]), pass)
  }

  @Test("a mask is a function of seed, step and slot, and of the example's place in the batch")
  func reproducible() {
    let mask = Self.masks()
    #expect(Self.masks() == mask)
    #expect(Self.masks(batch: 7) == mask.prefixSlice(0..<7))
    #expect(Self.masks(seed: 2) != mask)
    #expect(Self.masks(step: 3) != mask)
    #expect(Self.masks(slot: 1) != mask)
    #expect(mask.prefixSlice(0..<1).elements != mask.prefixSlice(1..<2).elements)
  }

  @Test(
    "what is kept is scaled by 1/(1 − rate), and a share of `rate` is not",
    arguments: [Float(0.1), 0.25, 0.5, 0.9])
  func scale(_ rate: Float) {
    let mask = Self.masks(rate: rate, batch: 200).elements
    #expect(Set(mask) == [0, 1 / (1 - rate)])
    let dropped = Float(mask.filter { $0 == 0 }.count) / Float(mask.count)
    // Five standard deviations of 10,000 draws.
    #expect(abs(dropped - rate) < 5 * (rate * (1 - rate) / 10_000).squareRoot())
  }

  @Test("no draws, or rate 0: the identity")
  func evaluation() {
    let network = Self.network(rate: 0.5)
    let x = gaussian([3, 50], seed: 1, index: 0)
    #expect(network.uncheckedOutputs(x, parameters: Tensor(uninitialized: [0])) == x)
    let none = Self.network(rate: 0)
    let pass = none.pass(
      Tensor(uninitialized: [0]), batch: 3, for: .inputGradient,
      dropout: DropoutDraws(seed: 1, step: 1))
    #expect(none.root.forward(x, pass) == x)
    #expect(none.root.backward(x, pass) == x)
  }

  @Test("evaluation ignores dropout layers: same outputs with and without")
  func evaluationOfNetwork() {
    let with = Network.multilayerPerceptron(
      inputShape: [4], hidden: [5], outputs: 3, dropout: 0.5)
    let without = Network.multilayerPerceptron(inputShape: [4], hidden: [5], outputs: 3)
    #expect(with.parameters.map(\.name) == ["0.weight", "0.bias", "3.weight", "3.bias"])
    let theta = gaussian([with.parameterCount], seed: 1, index: 0)
    let x = gaussian([3, 4], seed: 1, index: 1)
    #expect(
      with.uncheckedOutputs(x, parameters: theta) == without.uncheckedOutputs(x, parameters: theta))
  }

  @Test("gradients and tangents of a training pass go through its mask", arguments: [1, 2, 3])
  func derivatives(seed: UInt64) {
    let network = Network.multilayerPerceptron(
      inputShape: [4], hidden: [6], outputs: 3, activation: .tanh, dropout: 0.4)
    let theta = gaussian([network.parameterCount], seed: seed, index: 0)
    let x = gaussian([5, 4], seed: seed, index: 1)
    let v = gaussian([network.parameterCount], seed: seed, index: 2)
    let d = gaussian([5, 3], seed: seed, index: 3)
    let draws = DropoutDraws(seed: seed, step: 9)
    func value(_ step: Float) -> Double {
      var moved = theta
      moved.add(scaled: v, by: step)
      return network.root.forward(
        x, network.pass(moved, batch: 5, for: .outputs, dropout: draws)
      ).dot(d)
    }
    let pass = network.pass(theta, batch: 5, for: [.gradient, .tangents], dropout: draws)
    let z = network.root.forward(x, pass)
    #expect(z != network.uncheckedOutputs(x, parameters: theta))
    _ = network.root.backward(d, pass)
    pass.tangent = v
    let tangent = network.root.forwardTangent(nil, pass)
    let along = pass.gradient?.dot(v) ?? .nan
    // fp32 values at h = 2⁻⁷: rounding ~ 2⁻²³/h ~ 2e-5, truncation ~ h² ~ 6e-5, of values ~ 5.
    let h: Float = 0x1p-7
    let slope = (value(h) - value(-h)) / Double(2 * h)
    #expect(abs(along - slope) < 1e-3 * max(1, abs(slope)))
    #expect(abs((tangent?.dot(d) ?? .nan) - along) < 1e-5 * max(1, abs(along)))
  }
}
