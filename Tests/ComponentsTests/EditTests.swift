import Datasets
import Networks
import Storage
import Tensors
import Testing
import TestSupport

@testable import Components

@Suite("Edits")
struct EditTests {
  /// Two classes by the sign of x₁; where x₀ = 1, a neuron says class 1 whatever x₁ is.
  private struct Backdoor {
    let network = Network.multilayerPerceptron(inputShape: [2], hidden: [4], outputs: 2)
    let parameters: Tensor

    init() {
      let hidden: [Float] = [0, 1, 0, -1, 1, 0, 0.2, 0.3]
      let output: [Float] = [0, 1, 0, 0.1, 1, 0, 5, 0.1]
      parameters = Tensor(
        hidden + [0, 0, 0, 0] + output + [0, 0], shape: [hidden.count + output.count + 6])
    }

    func outputs(triggered: Bool) throws -> MaskedOutputs {
      let x: [Float] = triggered ? [1, -1, 1, -2, 1, -0.5] : [0, -1, 0, 1, 0, 2]
      let classes: [Int32] = triggered ? [0, 0, 0] : [0, 1, 1]
      return try MaskedOutputs(
        network, parameters: parameters, components: ComponentSet(network),
        queries: Dataset(
          inputs: Tensor(x, shape: [3, 2]), targets: .classes(classes, names: ["a", "b"])),
        function: .hardMargin)
    }
  }

  /// Sets whose examples are found and chosen on alike.
  private func sets(
    _ target: MaskedOutputs, sparing reference: MaskedOutputs, raises: Bool = true,
    allowedLoss: Double, goal: Double? = nil, isAccuracy: Bool = true
  ) -> EditSets {
    EditSets(
      fitTarget: target, fitReference: reference, chooseTarget: target,
      chooseReference: reference, raises: raises, allowedLoss: allowedLoss, goal: goal,
      metric: EditMetric(isAccuracy: isAccuracy))
  }

  private func effects(_ outputs: MaskedOutputs) throws -> Matrix<Float> {
    let values = outputs.values(MaskDesign.leaveOneOut(4))
    return Matrix(
      (0..<3).flatMap { query in (1...4).map { values[0, query] - values[$0, query] } }, rows: 3,
      columns: 4)
  }

  @Test("The neuron of a backdoor is found by every score", arguments: EditScore.allCases)
  func backdoor(score: EditScore) throws {
    let net = Backdoor()
    let (target, reference) = (
      try net.outputs(triggered: true), try net.outputs(triggered: false)
    )
    let sets = sets(target, sparing: reference, allowedLoss: 0)
    let search = try EditSearch(
      sets, target: effects(target), reference: effects(reference), scores: [score])
    #expect(search.before == (0, 1))
    #expect(search.chosen.places == [2])
    #expect((search.chosen.target, search.chosen.reference) == (1, 1))
  }

  @Test("Forgetting lowers the target, within what may be lost")
  func forget() throws {
    let net = Backdoor()
    let reference = try net.outputs(triggered: false)
    // The reference is its own target: whatever is won is lost.
    let sets = sets(reference, sparing: reference, raises: false, allowedLoss: 0)
    let tau = try effects(reference)
    let search = try EditSearch(sets, target: tau, reference: tau)
    #expect(search.chosen.reference == 1)
    #expect(search.candidates.contains { $0.reference < 1 })
  }

  @Test("Beyond the goal the fewest components are taken, within it the most is won")
  func goal() throws {
    let net = Backdoor()
    let (target, reference) = (
      try net.outputs(triggered: true), try net.outputs(triggered: false)
    )
    func search(_ goal: Double?, raises: Bool = true) throws -> EditSearch {
      let sets = sets(
        raises ? target : reference, sparing: reference, raises: raises,
        allowedLoss: raises ? 0 : 1, goal: goal)
      return try EditSearch(
        sets, target: effects(raises ? target : reference), reference: effects(reference))
    }
    let reached = try search(0.9)
    #expect(reached.chosen.places == [2] && reached.chosen.target == 1)
    // A search that won nothing is worse; none is worse than itself.
    let some = try search(0.6, raises: false)
    let all = try search(nil, raises: false)
    #expect(some.chosen.target <= 0.67 && all.chosen.target <= some.chosen.target)
    #expect(some.chosen.places.count <= all.chosen.places.count)
    #expect(!reached.isWorse(than: reached))
  }

  @Test("No more components are tried than may go", arguments: [1, 2])
  func most(count: Int) throws {
    let net = Backdoor()
    let reference = try net.outputs(triggered: false)
    let sets = sets(reference, sparing: reference, allowedLoss: 1, isAccuracy: false)
    let tau = try effects(reference)
    let search = try EditSearch(sets, target: tau, reference: tau, atMost: count)
    // Of four components two fifths are one.
    #expect(search.candidates.map(\.places.count).max() == 1)
    #expect(EditSearch.lengths(atMost: 8 * count).last == 8 * count)
  }

  @Test("An edit is read as it was written, for its own weights alone")
  func file() throws {
    let folder = try ScratchFolder()
    let edit = ComponentEdit(
      run: "digits", checkpoint: "seed-0/epoch-002", model: "abc", ablation: .zero,
      removed: ["0.neuron.2"])
    try edit.write(to: folder / "e.json")
    #expect(try ComponentEdit(reading: folder / "e.json", for: "abc") == edit)
    #expect(
      diagnosed { _ = try ComponentEdit(reading: folder / "e.json", for: "abd") }?.what
        == "the edit cannot be used: it is for other weights, those of digits, seed-0/epoch-002")
    let text = String(decoding: try folder.bytes("e.json"), as: UTF8.self)
    try AtomicFile.write(
      text.replacing("0.neuron.2", with: "0.neuron.3"), to: folder / "e.json")
    #expect(diagnosed { _ = try ComponentEdit(reading: folder / "e.json") } != nil)
  }

  @Test("Its masks give the outputs without the components")
  func masks() throws {
    let net = Backdoor()
    let edit = ComponentEdit(
      run: "r", checkpoint: "c", model: "m", ablation: .zero, removed: ["0.neuron.2"])
    let make = try edit.masks(
      of: net.network, parameters: net.parameters, reference: nil, file: "e.json")
    let x = Tensor([1, -1, 0, 2], shape: [2, 2])
    let found = try net.network.outputs(x, parameters: net.parameters, ablation: make(2))
    // Of [1, −1]: h = (0, 1, ·, 0); of [0, 2]: h = (2, 0, ·, .6).
    let wanted: [Float] = [1, 0, 0.06, 2.06]
    for (a, b) in zip(found.elements, wanted) { #expect(abs(a - b) < 1e-6) }
    let unknown = ComponentEdit(
      run: "r", checkpoint: "c", model: "m", ablation: .zero, removed: ["0.neuron.8"])
    #expect(
      diagnosed {
        _ = try unknown.masks(
          of: net.network, parameters: net.parameters, reference: nil, file: "e.json")
      }?.what == "there is no component `0.neuron.8`; did you mean `0.neuron.0`?")
  }
}
