import Networks
import Tensors
import TestSupport
import Testing

/// Passes that start in the middle of a network.
@Suite("Prefixes")
struct PrefixTests {
  private func bits(_ tensor: Tensor?) -> [UInt32] { tensor?.elements.map(\.bitPattern) ?? [] }

  @Test(
    "outputs from every place have the bits of the whole pass, masked or not",
    arguments: Family.allCases)
  func outputs(_ family: Family) throws {
    let p = MaskedProblem(family)
    for masks in [[:], p.masks(AblationCase(value: .rows, mask: .fractional))] {
      let whole = try p.network.outputs(p.inputs, parameters: p.theta, ablation: masks)
      let places = Array(p.network.places)
      let prefixes = try p.network.prefixes(
        p.inputs, before: places.reversed(), parameters: p.theta, ablation: masks)
      #expect(prefixes.map(\.place) == places.reversed())
      for prefix in prefixes {
        let z = try p.network.outputs(from: prefix, parameters: p.theta, ablation: masks)
        #expect(bits(z) == bits(whole), "\(prefix.place)")
      }
    }
  }

  @Test("masks behind a prefix give what they give in a whole pass", arguments: Family.allCases)
  func masks(_ family: Family) throws {
    let p = MaskedProblem(family)
    let masks = p.masks(AblationCase(value: .constant, mask: .binary))
    for group in p.network.components {
      let place = try #require(p.network.place(of: group))
      let own = masks.filter { $0.key == group.point }
      let prefix = try #require(
        try p.network.prefixes(p.inputs, before: [place], parameters: p.theta).first)
      #expect(
        try bits(p.network.outputs(from: prefix, parameters: p.theta, ablation: own))
          == bits(p.network.outputs(p.inputs, parameters: p.theta, ablation: own)), "\(group)")
    }
  }

  @Test("gradients behind a prefix are those of the whole pass", arguments: Family.allCases)
  func gradients(_ family: Family) throws {
    let p = MaskedProblem(family)
    let masks = p.masks(AblationCase(value: .zero, mask: .fractional))
    let purpose: Pass.Purpose = [.gradient, .maskGradients]
    let whole = p.pass(for: purpose, masks)
    p.network.backward(p.d, whole)
    let place = p.network.places.count / 2
    let prefix = try #require(
      try p.network.prefixes(
        p.inputs, before: [place], parameters: p.theta, ablation: masks
      ).first)
    let pass = p.network.pass(
      p.theta, batch: Family.batch, for: purpose.union(.inputGradient), ablation: masks,
      startingAt: place)
    _ = p.network.forward(from: prefix, pass)
    let dx = p.network.backward(p.d, pass)
    #expect(dx?.shape == prefix.activation.shape)
    let points = p.network.components.filter { p.network.place(of: $0) ?? 0 >= place }
    #expect(Set(pass.observed.maskGradients.keys) == Set(points.map(\.point)))
    for point in pass.observed.maskGradients.keys {
      #expect(bits(pass.observed.maskGradients[point]) == bits(whole.observed.maskGradients[point]))
    }
    // A parameter behind the place has its whole gradient, unless it is used before as well.
    let after = (pass.gradient?.elements ?? [], whole.gradient?.elements ?? [])
    let head = try #require(p.network.parameters.last { !p.network.buffers.contains($0) })
    #expect(after.0[head.range] == after.1[head.range])
    #expect(after.0[head.range].contains { $0 != 0 })
    #expect(after.0 != after.1)
  }

  @Test("an example of a prefix can be taken more than once, padding and all")
  func gathered() throws {
    let p = MaskedProblem(.gpt2)
    let prefix = try #require(
      try p.network.prefixes(p.inputs, before: [2], parameters: p.theta).first)
    #expect(prefix.lengths == [5, 5, 2])
    let rows = [2, 0, 2, 1]
    let z = try p.network.outputs(from: prefix.gathered(rows), parameters: p.theta)
    let expected = try p.network.outputs(p.inputs.gathered(rows), parameters: p.theta)
    #expect(relativeDifference(z.elements, expected.elements) < 1e-6)
    #expect(prefix.gathered(rows).lengths == [2, 5, 2, 5])
  }
}
