import Factors
import Networks
import Tensors
import TestSupport
import Testing

/// Layers against plain fp64 loops and their central differences.
@Suite("Layers against differences in fp64")
struct LayerDifferencesTests {
  /// A layer at random parameters, with random directions and output gradients.
  struct Problem {
    let layer: PlainLayer
    let theta, v, u, ru: Tensor
    let rx: Tensor?
    let pass: Pass
    let y: Tensor

    /// - Parameter chosen: the layer's network with a selection, outside which v is 0.
    init(_ layer: PlainLayer, seed: UInt64, for purpose: Pass.Purpose, _ chosen: Network? = nil) {
      self.layer = layer
      let p = [layer.network.parameterCount]
      theta = layer.parameters(seed: seed)
      v = gaussian(p, seed: seed, index: 2)
      // Buffers are constants.
      for i in layer.network.buffers.flatMap(\.range) { v.storage.base[i] = 0 }
      if let chosen {
        for parameter in chosen.parameters where !chosen.selection.selects(parameter) {
          for i in parameter.range { v.storage.base[i] = 0 }
        }
      }
      rx = layer.propagates ? gaussian(layer.x.shape, seed: seed, index: 3) : nil
      pass = layer.pass(theta, batch: 2, for: purpose, chosen)
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

    /// ∇⟨u + step·ru, y⟩ by θ, then by x, at a step along (v, rx); of one example's y alone.
    func gradient(_ step: Double, of example: Int? = nil) -> [Double] {
      let (x, from) = (wide(layer.x, rx, step), wide(u, ru, step))
      let at = wide(theta, v, step) + (layer.propagates ? x : [])
      let size = from.count / 2
      let own = example.map { $0 * size..<($0 + 1) * size } ?? 0..<from.count
      var gradient = PlainPerceptron.gradient(at: at) { moved in
        let theta = Array(moved.prefix(self.theta.count))
        let y = layer.outputs(layer.propagates ? Array(moved.dropFirst(theta.count)) : x, theta)
        return own.reduce(0) { $0 + y[$1] * from[$1] }
      }
      for i in layer.network.buffers.flatMap(\.range) { gradient[i] = 0 }
      return gradient
    }

    func joined(_ flat: Tensor?, _ dx: Tensor?) -> [Float] {
      (flat?.elements ?? []) + (layer.propagates ? dx?.elements ?? [] : [])
    }
  }

  @Test("outputs are those of plain loops", arguments: PlainLayer.all)
  func outputs(_ layer: PlainLayer) {
    let p = Problem(layer, seed: 1, for: .outputs)
    #expect(relativeDifference(p.y.elements, p.outputs(0)) < 1e-6)
  }

  @Test("gradients by θ and x are differences", arguments: PlainLayer.all, [1, 2])
  func gradients(_ layer: PlainLayer, seed: UInt64) {
    let p = Problem(layer, seed: seed, for: .gradient)
    let dx = layer.network.root.backward(p.u, p.pass)
    #expect((dx != nil) == layer.propagates)
    #expect(relativeDifference(p.joined(p.pass.gradient, dx), p.gradient(0)) < 1e-5)
  }

  @Test("tangents along θ and x are differences", arguments: PlainLayer.all, [1, 2])
  func tangents(_ layer: PlainLayer, seed: UInt64) {
    let p = Problem(layer, seed: seed, for: .tangents)
    p.pass.tangent = p.v
    let ry = layer.network.root.forwardTangent(p.rx, p.pass)
    let h = 1e-5
    let expected = zip(p.outputs(h), p.outputs(-h)).map { ($0 - $1) / (2 * h) }
    #expect(relativeDifference(ry?.elements ?? [], expected) < 1e-5)
  }

  @Test("tangents of gradients are differences of gradients", arguments: PlainLayer.all, [1, 2])
  func curvature(_ layer: PlainLayer, seed: UInt64) {
    let p = Problem(layer, seed: seed, for: [.gradient, .tangents])
    p.pass.tangent = p.v
    _ = layer.network.root.forwardTangent(p.rx, p.pass)
    p.pass.gradientTangent = Tensor(repeating: 0, shape: p.theta.shape)
    let (dx, rdx) = layer.network.root.backwardTangent(p.u, p.ru, p.pass)
    #expect(relativeDifference(p.joined(p.pass.gradient, dx), p.gradient(0)) < 1e-5)
    let h = 1e-4
    let expected = zip(p.gradient(h), p.gradient(-h)).map { ($0 - $1) / (2 * h) }
    #expect(relativeDifference(p.joined(p.pass.gradientTangent, rdx), expected) < 2e-5)
  }

  @Test("of one selected parameter, tangents are along its part of v", arguments: PlainLayer.all)
  func selection(_ layer: PlainLayer) throws {
    let isBuffer = Set(layer.network.buffers.map(\.offset))
    for parameter in layer.network.root.parameters where !isBuffer.contains(parameter.offset) {
      let chosen = try layer.network.selecting(LayerPatterns([parameter.name]), place: "test")
      let p = Problem(layer, seed: 4, for: .tangents, chosen)
      p.pass.tangent = p.v
      let ry = layer.network.root.forwardTangent(p.rx, p.pass)
      let rise = zip(p.outputs(1e-5), p.outputs(-1e-5)).map { ($0 - $1) / 2e-5 }
      #expect(relativeDifference(ry?.elements ?? [], rise) < 1e-5, "\(parameter.name)")
      p.pass.gradientTangent = Tensor(repeating: 0, shape: p.theta.shape)
      let (_, rdx) = layer.network.root.backwardTangent(p.u, p.ru, p.pass)
      let h = 1e-4
      let bend = zip(p.gradient(h), p.gradient(-h)).map { ($0 - $1) / (2 * h) }
      let own = Array(p.pass.gradientTangent?.elements[parameter.range] ?? [])
      #expect(relativeDifference(own, Array(bend[parameter.range])) < 2e-5, "\(parameter.name)")
      guard layer.propagates else { continue }
      let back = Array(bend[p.theta.count...])
      #expect(relativeDifference(rdx?.elements ?? [], back) < 2e-5, "\(parameter.name)")
    }
  }

  @Test("per-example gradients are those of each example's outputs", arguments: PlainLayer.all)
  func factors(_ layer: PlainLayer) {
    let p = Problem(layer, seed: 3, for: .factors)
    let count = layer.network.parameterCount
    guard count > 0 else { return }
    _ = layer.network.root.backward(p.u, p.pass)
    let full = p.pass.takeFactors().fullGradients(parameterCount: count)
    for i in 0..<2 {
      let expected = p.gradient(0, of: i).prefix(count)
      #expect(relativeDifference(full.row(i), Array(expected)) < 1e-5, "example \(i)")
    }
  }

  @Test("a batch of none goes through", arguments: PlainLayer.all)
  func none(_ layer: PlainLayer) {
    // A mask is of a batch.
    guard layer.ablation.isEmpty else { return }
    let theta = layer.parameters(seed: 1)
    let pass = layer.pass(theta, batch: 0, for: .gradient)
    let y = layer.network.root.forward(
      Tensor(uninitialized: [0] + layer.network.inputShape), pass)
    #expect(y.count == 0)
    _ = layer.network.root.backward(y, pass)
    #expect(pass.gradient?.elements.allSatisfy { $0 == 0 } == true)
  }
}
