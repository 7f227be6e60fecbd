import Networks
import Tensors
import TestSupport
import Testing

/// Derivatives of every family under every kind of mask and value, against differences.
@Suite("Derivatives under masks")
struct AblationDerivativeTests {
  private func isNear(_ found: Double, _ expected: Double) -> Bool {
    abs(found - expected) < 2e-3 * max(1, abs(expected))
  }

  /// The slope of fp32 values at 0 from differences at 2⁻⁷ and 2⁻⁶, whose h² terms cancel: what is
  /// left is h⁴, and rounding of 2⁻²³/h.
  private func slope(_ value: (Float) -> Double) -> Double {
    func difference(_ h: Float) -> Double { (value(h) - value(-h)) / Double(2 * h) }
    return (4 * difference(0x1p-7) - difference(0x1p-6)) / 3
  }

  @Test(
    "gradients and tangents by parameters are those of differences",
    arguments: Family.smooth, AblationCase.all)
  func parameters(_ family: Family, _ c: AblationCase) {
    let p = MaskedProblem(family)
    let masks = p.masks(c)
    let v = gaussian(p.theta.shape, seed: 5, index: 1, scale: 0.3)
    let pass = p.pass(for: [.gradient, .tangents], masks)
    pass.tangent = v
    let tangent = p.network.root.forwardTangent(nil, pass)?.dot(p.d) ?? .nan
    _ = p.network.root.backward(p.d, pass)
    let along = pass.gradient?.dot(v) ?? .nan
    let expected = slope { p.value(masks, at: p.theta.moved(along: v, by: $0)) }
    #expect(isNear(along, expected), "\(along) for \(expected)")
    #expect(abs(tangent - along) < 2e-5 * max(1, abs(along)))
  }

  @Test("gradients are the tangents' transpose, kinks or not", arguments: Family.allCases)
  func transpose(_ family: Family) {
    let p = MaskedProblem(family)
    let v = gaussian(p.theta.shape, seed: 5, index: 1, scale: 0.3)
    for buffer in p.network.buffers { for i in buffer.range { v.storage.base[i] = 0 } }
    for c in AblationCase.all {
      let pass = p.pass(for: [.gradient, .tangents], p.masks(c))
      pass.tangent = v
      let tangent = p.network.root.forwardTangent(nil, pass)?.dot(p.d) ?? .nan
      _ = p.network.root.backward(p.d, pass)
      let along = pass.gradient?.dot(v) ?? .nan
      #expect(abs(tangent - along) < 2e-5 * max(1, abs(along)), "\(c)")
    }
  }

  @Test(
    "tangents of gradients are differences of gradients",
    arguments: Family.smooth, AblationCase.Value.allCases)
  func curvature(_ family: Family, _ value: AblationCase.Value) {
    let p = MaskedProblem(family)
    let masks = p.masks(AblationCase(value: value, mask: .fractional))
    let v = gaussian(p.theta.shape, seed: 5, index: 2, scale: 0.3)
    func gradient(_ step: Float) -> Tensor {
      let pass = p.network.pass(
        p.theta.moved(along: v, by: step), batch: Family.batch, for: .gradient, ablation: masks)
      _ = p.network.root.forward(p.inputs, pass)
      _ = p.network.root.backward(p.d, pass)
      return pass.gradient ?? v
    }
    let pass = p.pass(for: .tangents, masks)
    pass.tangent = v
    pass.gradientTangent = Tensor(repeating: 0, shape: v.shape)
    _ = p.network.root.forwardTangent(nil, pass)
    _ = p.network.root.backwardTangent(p.d, nil, pass)
    func difference(_ h: Float) -> Tensor {
      (gradient(h) - gradient(-h)).scaled(by: 1 / (2 * h))
    }
    var expected = difference(0x1p-7).scaled(by: 4 / 3)
    expected.add(scaled: difference(0x1p-6), by: -1 / 3)
    let found = pass.gradientTangent?.elements ?? []
    #expect(relativeDifference(found, expected.elements.map { Double($0) }) < 5e-3)
  }

  @Test(
    "gradients by masks are those of differences", arguments: Family.smooth, AblationCase.all)
  func masks(_ family: Family, _ c: AblationCase) {
    let p = MaskedProblem(family)
    let masks = p.masks(c)
    let pass = p.pass(for: .maskGradients, masks)
    #expect(p.network.backward(p.d, pass) == nil && pass.gradient == nil)
    #expect(Set(pass.observed.maskGradients.keys) == Set(p.network.components.map(\.point)))
    let directions = masks.mapValues { gaussian($0.mask.shape, seed: 5, index: 8, scale: 0.5) }
    func moved(_ step: Float) -> [Int: AblationMask] {
      Dictionary(
        uniqueKeysWithValues: masks.map { point, own in
          let mask = own.mask.moved(along: directions[point] ?? own.mask, by: step)
          return (point, AblationMask(mask: mask, value: own.value))
        })
    }
    let along = pass.observed.maskGradients.reduce(0.0) {
      $0 + $1.value.dot(directions[$1.key] ?? $1.value)
    }
    let expected = slope { p.value(moved($0)) }
    #expect(isNear(along, expected), "\(along) for \(expected)")
  }

  @Test("observed gradients are those of differences", arguments: Family.smooth)
  func observed(_ family: Family) throws {
    let p = MaskedProblem(family)
    let pass = p.pass(for: [.activations, .activationGradients], [:])
    p.network.backward(p.d, pass)
    for group in p.network.components {
      let x = try #require(pass.observed.activations[group.point])
      let gradient = try #require(pass.observed.gradients[group.point])
      let u = gaussian(x.shape, seed: 5, index: UInt64(20 + group.point), scale: 0.3)
      // With everything ablated the point gives what it is told to.
      let none = Tensor(repeating: 0, shape: [Family.batch, group.units])
      let expected = slope { step in
        p.value([
          group.point: AblationMask(mask: none, value: .rows(x.moved(along: u, by: step)))
        ])
      }
      #expect(isNear(gradient.dot(u), expected), "\(group): \(gradient.dot(u)), \(expected)")
    }
  }

  @Test(
    "where nothing is masked a mask's gradient is the sum of activation × gradient of each unit",
    arguments: Family.allCases)
  func products(_ family: Family) throws {
    let p = MaskedProblem(family)
    let pass = p.pass(for: [.activations, .activationGradients, .maskGradients], [:])
    p.network.backward(p.d, pass)
    for group in p.network.components {
      let x = try #require(pass.observed.activations[group.point]).elements
      let g = try #require(pass.observed.gradients[group.point]).elements
      let size = x.count / Family.batch
      var expected = [Double](repeating: 0, count: Family.batch * group.units)
      for place in x.indices {
        let unit = place % group.width / group.unitWidth
        expected[place / size * group.units + unit] += Double(x[place]) * Double(g[place])
      }
      let found = try #require(pass.observed.maskGradients[group.point])
      #expect(found.shape == [Family.batch, group.units])
      #expect(relativeDifference(found.elements, expected) < 1e-6, "\(group)")
    }
  }
}
