import Factors
import Networks
import Tensors
import TestSupport
import Testing

/// Layers of transformers against central differences of plain fp64 loops.
@Suite("Layers against differences in fp64")
struct LayerDifferencesTests {
  /// A layer at random parameters, with random directions and output gradients.
  struct Problem {
    let layer: PlainLayer
    let theta, v, u, ru: Tensor
    let rx: Tensor?
    let pass: Pass
    let y: Tensor

    init(_ layer: PlainLayer, seed: UInt64) {
      self.layer = layer
      let p = [layer.network.parameterCount]
      theta = gaussian(p, seed: seed, index: 1)
      v = gaussian(p, seed: seed, index: 2)
      rx = layer.propagates ? gaussian(layer.x.shape, seed: seed, index: 3) : nil
      pass = layer.network.pass(theta, batch: 2)
      y = layer.network.root.forward(layer.x, pass)
      u = gaussian(y.shape, seed: seed, index: 4)
      ru = gaussian(y.shape, seed: seed, index: 5)
    }

    private func wide(_ tensor: Tensor, _ direction: Tensor?, _ step: Double) -> [Double] {
      guard let direction else { return tensor.elements.map(Double.init) }
      return zip(tensor.elements, direction.elements).map { Double($0) + step * Double($1) }
    }

    /// y at a step along (v, rx).
    func outputs(_ step: Double) -> [Double] {
      layer.outputs(wide(layer.x, rx, step), wide(theta, v, step))
    }

    /// ∇⟨u + step·ru, y⟩ by θ, then by x, at a step along (v, rx).
    func gradient(_ step: Double) -> [Double] {
      let (x, from) = (wide(layer.x, rx, step), wide(u, ru, step))
      let at = wide(theta, v, step) + (layer.propagates ? x : [])
      return PlainPerceptron.gradient(at: at) { moved in
        let theta = Array(moved.prefix(self.theta.count))
        let y = layer.outputs(layer.propagates ? Array(moved.dropFirst(theta.count)) : x, theta)
        return zip(y, from).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }

    func joined(_ flat: Tensor?, _ dx: Tensor?) -> [Float] {
      (flat?.elements ?? []) + (layer.propagates ? dx?.elements ?? [] : [])
    }
  }

  @Test("outputs are those of plain loops", arguments: PlainLayer.all)
  func outputs(_ layer: PlainLayer) {
    let p = Problem(layer, seed: 1)
    #expect(relativeDifference(p.y.elements, p.outputs(0)) < 1e-6)
  }

  @Test("gradients by θ and x are differences", arguments: PlainLayer.all, [1, 2])
  func gradients(_ layer: PlainLayer, seed: UInt64) {
    let p = Problem(layer, seed: seed)
    p.pass.gradient = Tensor(repeating: 0, shape: p.theta.shape)
    let dx = layer.network.root.backward(p.u, p.pass)
    #expect((dx != nil) == layer.propagates)
    #expect(relativeDifference(p.joined(p.pass.gradient, dx), p.gradient(0)) < 1e-5)
  }

  @Test("tangents along θ and x are differences", arguments: PlainLayer.all, [1, 2])
  func tangents(_ layer: PlainLayer, seed: UInt64) {
    let p = Problem(layer, seed: seed)
    p.pass.tangent = p.v
    let ry = layer.network.root.forwardTangent(p.rx, p.pass)
    let h = 1e-5
    let expected = zip(p.outputs(h), p.outputs(-h)).map { ($0 - $1) / (2 * h) }
    #expect(relativeDifference(ry?.elements ?? [], expected) < 1e-5)
  }

  @Test("tangents of gradients are differences of gradients", arguments: PlainLayer.all, [1, 2])
  func curvature(_ layer: PlainLayer, seed: UInt64) {
    let p = Problem(layer, seed: seed)
    p.pass.tangent = p.v
    _ = layer.network.root.forwardTangent(p.rx, p.pass)
    p.pass.gradient = Tensor(repeating: 0, shape: p.theta.shape)
    p.pass.gradientTangent = Tensor(repeating: 0, shape: p.theta.shape)
    let (dx, rdx) = layer.network.root.backwardTangent(p.u, p.ru, p.pass)
    #expect(relativeDifference(p.joined(p.pass.gradient, dx), p.gradient(0)) < 1e-5)
    let h = 1e-4
    let expected = zip(p.gradient(h), p.gradient(-h)).map { ($0 - $1) / (2 * h) }
    #expect(relativeDifference(p.joined(p.pass.gradientTangent, rdx), expected) < 2e-5)
  }

  @Test("per-example gradients add up to the gradient", arguments: PlainLayer.all)
  func factors(_ layer: PlainLayer) {
    let p = Problem(layer, seed: 3)
    let count = layer.network.parameterCount
    guard count > 0 else { return }
    let (each, _) = layer.network.exampleGradients(layer.x, parameters: p.theta) { _ in p.u }
    let full = each.fullGradients(parameterCount: count)
    let sum = (0..<count).map { k in full.row(0)[k] + full.row(1)[k] }
    let expected = p.gradient(0).prefix(count)
    #expect(relativeDifference(sum, Array(expected)) < 1e-5)
  }

  @Test("a batch of none goes through", arguments: PlainLayer.all)
  func none(_ layer: PlainLayer) {
    let theta = gaussian([layer.network.parameterCount], seed: 1, index: 1)
    let pass = layer.network.pass(theta, batch: 0)
    let y = layer.network.root.forward(
      Tensor(uninitialized: [0] + layer.network.inputShape), pass)
    #expect(y.count == 0)
    pass.gradient = Tensor(repeating: 0, shape: theta.shape)
    _ = layer.network.root.backward(y, pass)
    #expect(pass.gradient?.elements.allSatisfy { $0 == 0 } == true)
  }
}
