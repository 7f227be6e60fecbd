import Networks
import Tensors
import TestSupport
import Testing

@Suite("Ablation")
struct AblationTests {
  static let batch = 4
  let network = Network.multilayerPerceptron(
    inputShape: [5], hidden: [6, 4], outputs: 3, activation: .gelu)
  let theta: Tensor
  let x = gaussian([AblationTests.batch, 5], seed: 1, index: 1)

  init() { theta = gaussian([network.parameterCount], seed: 1, index: 0) }

  /// Masks that differ by row at both points; the second with values.
  func ablation(_ rows: Range<Int> = 0..<4, withValue: Bool) -> [Int: AblationMask] {
    let first = Tensor(
      [1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1], shape: [4, 6])
    let second = Tensor([1, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0.5, 1, 0, 0, 0, 0], shape: [4, 4])
    let value = withValue ? Tensor([0.5, -1, 2, 0.25], shape: [4]) : nil
    let points = network.components
    return [
      points[0].slot: AblationMask(mask: first.prefixSlice(rows)),
      points[1].slot: AblationMask(mask: second.prefixSlice(rows), value: value),
    ]
  }

  @Test("hidden layers are ablation points with a unit a neuron")
  func components() {
    #expect(network.components.map(\.name) == ["1", "3"])
    #expect(network.components.map(\.units) == [6, 4])
    #expect(network.components.map(\.unitWidth) == [1, 1])
  }

  @Test("y = mask ∘ x + (1 − mask) ∘ value, at all positions, by hand")
  func byHand() {
    var builder = NetworkBuilder()
    let point = builder.ablationPoint("p", units: 2, unitWidth: 2)
    let net = Network(point, builder: builder, inputShape: [2, 4], outputCount: 4)
    let x = Tensor((1...16).map(Float.init), shape: [2, 2, 4])
    let mask = Tensor([1, 0, 0, 1], shape: [2, 2])
    let none = Tensor(uninitialized: [0])
    let zero = net.outputs(x, parameters: none, ablation: [0: AblationMask(mask: mask)])
    #expect(zero.elements == [1, 2, 0, 0, 5, 6, 0, 0, 0, 0, 11, 12, 0, 0, 15, 16])
    let value = Tensor([-1, -2, -3, -4], shape: [4])
    let filled = net.outputs(
      x, parameters: none, ablation: [0: AblationMask(mask: mask, value: value)])
    #expect(filled.elements == [1, 2, -3, -4, 5, 6, -3, -4, -1, -2, 11, 12, -1, -2, 15, 16])
    #expect(net.outputs(x, parameters: none) == x)
  }

  @Test("a row of a masked batch equals a batch of one with that mask", arguments: [false, true])
  func rowsAreIndependent(withValue: Bool) {
    let whole = network.outputs(x, parameters: theta, ablation: ablation(withValue: withValue))
    for i in 0..<Self.batch {
      let one = network.outputs(
        x.prefixSlice(i..<i + 1), parameters: theta,
        ablation: ablation(i..<i + 1, withValue: withValue))
      #expect(relativeDifference(one.elements, whole.prefixSlice(i..<i + 1).elements) < 1e-6)
    }
    #expect(whole != network.outputs(x, parameters: theta))
  }

  @Test("all kept is the network itself; all ablated no longer sees its inputs")
  func extremes() {
    let slot = network.components[1].slot
    let keep = [slot: AblationMask(mask: Tensor(repeating: 1, shape: [4, 4]))]
    #expect(
      network.outputs(x, parameters: theta, ablation: keep)
        == network.outputs(x, parameters: theta))
    let drop = [slot: AblationMask(mask: Tensor(repeating: 0, shape: [4, 4]))]
    let z = network.outputs(x, parameters: theta, ablation: drop)
    let bias = theta.elements.suffix(3)
    for i in 0..<Self.batch { #expect((0..<3).map { z[i, $0] } == Array(bias)) }
  }

  @Test("gradients and tangents under masks are those of differences", arguments: [false, true])
  func derivatives(withValue: Bool) {
    let masks = ablation(withValue: withValue)
    let v = gaussian([theta.count], seed: 1, index: 5)
    let d = gaussian([4, 3], seed: 1, index: 6)
    func value(_ step: Float) -> Double {
      var moved = theta
      moved.add(scaled: v, by: step)
      return network.outputs(x, parameters: moved, ablation: masks).dot(d)
    }
    let pass = network.pass(theta, batch: 4, for: [.gradient, .tangents], ablation: masks)
    _ = network.root.forward(x, pass)
    _ = network.root.backward(d, pass)
    pass.tangent = v
    let tangent = network.root.forwardTangent(nil, pass)
    let along = pass.gradient?.dot(v) ?? .nan
    let h: Float = 0x1p-7
    let slope = (value(h) - value(-h)) / Double(2 * h)
    #expect(abs(along - slope) < 1e-3 * max(1, abs(slope)))
    #expect(abs((tangent?.dot(d) ?? .nan) - along) < 1e-5 * max(1, abs(along)))
    // A fully masked example adds nothing to the first layer.
    let (weight, row) = (network.parameters[0], 1)
    let alone = network.pass(
      theta, batch: 1, for: .gradient, ablation: ablation(row..<row + 1, withValue: withValue))
    _ = network.root.forward(x.prefixSlice(row..<row + 1), alone)
    _ = network.root.backward(d.prefixSlice(row..<row + 1), alone)
    #expect(alone.gradient?.elements[weight.range].allSatisfy { $0 == 0 } == true)
  }
}
