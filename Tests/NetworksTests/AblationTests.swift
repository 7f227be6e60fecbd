import Tensors
import TestSupport
import Testing

@testable import Networks

@Suite("Ablation")
struct AblationTests {
  /// Two units of two neighbours, at two positions.
  private static let byHand: Network = {
    var builder = NetworkBuilder()
    let point = builder.ablationPoint(.head, of: "p", units: 2, unitWidth: 2)
    return Network(point, builder: builder, inputShape: [2, 4], outputCount: 4)
  }()
  private static let none = Tensor(uninitialized: [0])
  private static let x = Tensor((1...16).map(Float.init), shape: [2, 2, 4])

  @Test(
    "y = m ∘ x + (1 − m) ∘ value, by hand",
    arguments: [
      (AblationValue.zero, [1, 2, 0, 0, 5, 6, 0, 0, 4.5, 5, 11, 12, 6.5, 7, 15, 16]),
      (
        .constant(Tensor([-1, -2, -3, -4], shape: [4])),
        [1, 2, -3, -4, 5, 6, -3, -4, 4, 4, 11, 12, 6, 6, 15, 16]
      ),
      (
        .rows(Tensor([-1, -2, -3, -4, -5, -6, -7, -8], shape: [2, 4])),
        [1, 2, -3, -4, 5, 6, -3, -4, 2, 2, 11, 12, 4, 4, 15, 16]
      ),
      (
        .rows(Tensor((1...16).map { -Float($0) }, shape: [2, 2, 4])),
        [1, 2, -3, -4, 5, 6, -7, -8, 0, 0, 11, 12, 0, 0, 15, 16]
      ),
    ] as [(AblationValue, [Float])])
  func values(_ value: AblationValue, _ expected: [Float]) throws {
    let mask = AblationMask(mask: Tensor([1, 0, 0.5, 1], shape: [2, 2]), value: value)
    let y = try Self.byHand.outputs(Self.x, parameters: Self.none, ablation: [0: mask])
    #expect(y.elements == expected)
    #expect(try Self.byHand.outputs(Self.x, parameters: Self.none) == Self.x)
  }

  @Test("rows and their gradients are those of plain loops in fp64", arguments: AblationCase.all)
  func loops(_ c: AblationCase) throws {
    // Three examples of 7 positions, 5 units of 3.
    var builder = NetworkBuilder()
    let point = builder.ablationPoint(.head, of: "p", units: 5, unitWidth: 3)
    let network = Network(point, builder: builder, inputShape: [7, 15], outputCount: 15)
    let x = gaussian([3, 7, 15], seed: 1, index: 1)
    let dy = gaussian([3, 7, 15], seed: 1, index: 2)
    let masks = c.masks(network.components, activations: [0: x])
    let mask = try #require(masks[0])
    let pass = network.pass(
      Self.none, batch: 3, for: [.inputGradient, .maskGradients, .tangents], ablation: masks)
    let y = network.root.forward(x, pass)
    let dx = try #require(network.root.backward(dy, pass))
    let ry = network.root.forwardTangent(dy, pass)
    let (_, rdx) = network.root.backwardTangent(dy, x, pass)
    var (outputs, back, along) = ([Double](), [Double](), [Double](repeating: 0, count: 15))
    for place in 0..<x.count {
      let (example, k) = (place / 105, place % 15)
      let m = Double(mask.mask[example * 5 + k / 3])
      let value: Double =
        switch mask.value {
        case .zero: 0
        case .constant(let values): Double(values[k])
        case .rows(let values):
          Double(values.count == 45 ? values[example * 15 + k] : values[place])
        }
      outputs.append(m * Double(x[place]) + (1 - m) * value)
      back.append(m * Double(dy[place]))
      along[example * 5 + k / 3] += Double(dy[place]) * (Double(x[place]) - value)
    }
    #expect(relativeDifference(y.elements, outputs) < 1e-6)
    #expect(relativeDifference(dx.elements, back) < 1e-7)
    #expect(ry == dx)
    let moved = (0..<x.count).map { mask.mask[$0 / 105 * 5 + $0 % 15 / 3] * x[$0] }
    #expect(rdx?.elements == moved)
    let found = pass.observed.maskGradients[0]?.elements ?? []
    #expect(relativeDifference(found, along) < 1e-6)
  }

  @Test("a whole block: y = x + m (f(x) − x) + (1 − m) value, by hand")
  func block() throws {
    // f(x) = 3x + 1, position by position.
    var builder = NetworkBuilder()
    let linear = builder.linear("l", inputs: 2, outputs: 2)
    let block = builder.block([linear], of: "l", width: 2)
    let network = Network(block, builder: builder, inputShape: [2, 2], outputCount: 2)
    let theta = Tensor([3, 0, 0, 3, 1, 1], shape: [6])
    let x = Tensor((1...12).map(Float.init), shape: [3, 2, 2])
    let mask = Tensor([1, 0, 0.5], shape: [3, 1])
    func outputs(_ value: AblationValue) -> [Float] {
      network.uncheckedOutputs(
        x, parameters: theta, ablation: [0: AblationMask(mask: mask, value: value)]
      ).elements
    }
    #expect(outputs(.zero) == [4, 7, 10, 13, 5, 6, 7, 8, 18.5, 20.5, 22.5, 24.5])
    let value = AblationValue.constant(Tensor([10, 20], shape: [2]))
    #expect(outputs(value) == [4, 7, 10, 13, 15, 26, 17, 28, 23.5, 30.5, 27.5, 34.5])
    let pass = network.pass(
      theta, batch: 3, for: [.inputGradient, .activations, .maskGradients],
      ablation: [0: AblationMask(mask: mask, value: value)])
    _ = network.root.forward(x, pass)
    let dx = try #require(network.root.backward(Tensor(repeating: 1, shape: x.shape), pass))
    #expect(dx.elements == [3, 3, 3, 3, 1, 1, 1, 1, 2, 2, 2, 2])
    // What the block changes: 2x + 1.
    let change = try #require(pass.observed.activations[0])
    #expect(change.elements == x.elements.map { 2 * $0 + 1 })
    let sums: [Float] = [24 - 60, 56 - 60, 88 - 60]
    #expect(pass.observed.maskGradients[0]?.elements == sums)
  }

  @Test(
    "a row of a masked batch equals a batch of one with that mask",
    arguments: Family.allCases, AblationCase.Value.allCases)
  func rowsAreIndependent(_ family: Family, _ value: AblationCase.Value) throws {
    let p = MaskedProblem(family)
    let masks = p.masks(AblationCase(value: value, mask: .fractional))
    let whole = try p.network.outputs(p.inputs, parameters: p.theta, ablation: masks)
    for i in 0..<Family.batch {
      let own = masks.mapValues { mask in
        let rows = mask.mask.prefixSlice(i..<i + 1)
        guard case .rows(let values) = mask.value else {
          return AblationMask(mask: rows, value: mask.value)
        }
        return AblationMask(mask: rows, value: .rows(values.prefixSlice(i..<i + 1)))
      }
      let one = try p.network.outputs(
        p.inputs.prefixSlice(i..<i + 1), parameters: p.theta, ablation: own)
      #expect(relativeDifference(one.elements, whole.prefixSlice(i..<i + 1).elements) < 2e-6)
    }
    #expect(whole != p.outputs)
  }

  @Test("masks that keep everything change no bit", arguments: Family.allCases)
  func keepsAll(_ family: Family) {
    let p = MaskedProblem(family)
    let all = Dictionary(
      uniqueKeysWithValues: p.network.components.map {
        ($0.point, AblationMask(mask: Tensor(repeating: 1, shape: [Family.batch, $0.units])))
      })
    func bits(_ masks: [Int: AblationMask]) -> [[UInt32]] {
      let pass = p.network.pass(p.theta, batch: Family.batch, for: .gradient, ablation: masks)
      let y = p.network.root.forward(p.inputs, pass)
      _ = p.network.root.backward(p.d, pass)
      return [y, pass.gradient ?? y].map { $0.elements.map(\.bitPattern) }
    }
    #expect(bits(all) == bits([:]))
  }

  @Test("what keeps everything is not copied, and what nobody else has is masked in its place")
  func inPlace() throws {
    let group = try #require(Self.byHand.components.first)
    let mask = Tensor([1, 1, 1, 0], shape: [2, 2])
    let some = MaskedRows(ablation: AblationMask(mask: mask), group: group)
    let all = MaskedRows(
      ablation: AblationMask(mask: Tensor(repeating: 1, shape: [2, 2])), group: group)
    let kept = all.applied(to: Self.x, filling: true)
    #expect(kept.storage === Self.x.storage)
    let own = Tensor(Self.x.elements, shape: Self.x.shape)
    let place = own.storage.base
    let masked = some.applied(to: consume own, filling: true)
    #expect(masked.storage.base == place)
    let copied = some.applied(to: Self.x, filling: true)
    #expect(copied.storage !== Self.x.storage)
    #expect(copied == masked && Self.x[14] == 15 && copied[14] == 0)
  }

  /// Copies what it reads, and says where to.
  private struct Copying: Layer {
    final class Place: @unchecked Sendable { var address: UnsafeMutablePointer<Float>? }
    let place = Place()

    func forward(_ x: Tensor, _ pass: Pass) -> Tensor { copied(x) }
    func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { copied(dy) }
    func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? { rx }
    func backwardTangent(
      _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
    ) -> (dx: Tensor?, rdx: Tensor?) { (dy, rdy) }

    private func copied(_ x: Tensor) -> Tensor {
      let copy = Tensor(x.elements, shape: x.shape)
      place.address = copy.storage.base
      return copy
    }
  }

  @Test("a point masks in the place of what the layer before it made, forward and back")
  func handedOver() throws {
    let (before, after) = (Copying(), Copying())
    var builder = NetworkBuilder()
    let point = builder.ablationPoint(.head, of: "p", units: 2, unitWidth: 2)
    let network = Network(
      Sequential([before, point, after]), builder: builder, inputShape: [2, 4], outputCount: 4)
    let mask = AblationMask(mask: Tensor([1, 1, 1, 0], shape: [2, 2]))
    func pass(_ purpose: Pass.Purpose) -> Pass {
      network.pass(Self.none, batch: 2, for: purpose, ablation: [0: mask])
    }
    let made = Sequential([before, point]).forward(Self.x, pass(.outputs))
    #expect(made.storage.base == before.place.address && made[14] == 0)
    let back = Sequential([point, after]).backward(Self.x, pass(.inputGradient))
    #expect(back?.storage.base == after.place.address && back?[14] == 0)
    // What is observed is kept as it was.
    let observing = pass(.activations)
    let masked = Sequential([before, point]).forward(Self.x, observing)
    #expect(masked[14] == 0 && observing.observed.activations[0] == Self.x)
  }

  @Test("all of a group ablated to what reaches it changes nothing", arguments: Family.allCases)
  func replaced(_ family: Family) throws {
    let p = MaskedProblem(family)
    for group in p.network.components where group.kind != .layer {
      let x = try #require(p.activations[group.point])
      let mask = Tensor(repeating: 0, shape: [Family.batch, group.units])
      let z = try p.network.outputs(
        p.inputs, parameters: p.theta,
        ablation: [group.point: AblationMask(mask: mask, value: .rows(x))])
      #expect(z == p.outputs, "\(group)")
    }
  }

  @Test("without its last hidden layer a network no longer sees its inputs")
  func extremes() throws {
    let p = MaskedProblem(.mlp)
    let group = try #require(p.network.components.last)
    let drop = [group.point: AblationMask(mask: Tensor(repeating: 0, shape: [3, 1]))]
    let z = try p.network.outputs(p.inputs, parameters: p.theta, ablation: drop)
    let bias = p.theta.elements.suffix(3)
    for i in 0..<3 { #expect((0..<3).map { z[i, $0] } == Array(bias)) }
  }

  @Test("masks give the same bits for one worker and two", arguments: AblationCase.all)
  func workers(_ c: AblationCase) throws {
    var builder = NetworkBuilder()
    let point = builder.ablationPoint(.filter, of: "p", units: 24)
    let network = Network(point, builder: builder, inputShape: [40, 50, 24], outputCount: 24)
    let x = gaussian([3, 40, 50, 24], seed: 2, index: 1)
    let masks = c.masks(network.components, activations: [0: x])
    let bits = [1, 2].map { workers in
      Execution.with(workers: workers) {
        let pass = network.pass(
          Self.none, batch: 3, for: [.inputGradient, .maskGradients], ablation: masks)
        let y = network.root.forward(x, pass)
        let dx = network.root.backward(x, pass)
        return [y, dx, pass.observed.maskGradients[0]].map {
          $0?.elements.map(\.bitPattern) ?? []
        }
      }
    }
    #expect(bits[0] == bits[1] && bits[0].allSatisfy { !$0.isEmpty })
  }
}
