import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Gradients
@testable import Influence

@Suite("Order, workers, memory and bad gradients", .serialized)
struct RobustnessTests {
  let queries = Problem.classes(5, seed: 2)
  let sources = [Problem.source(seed: 1), Problem.source(seed: 2)]

  static let all = MethodTable.ofCheckpoints

  @Test("permuted training examples have permuted scores", arguments: all)
  func permutation(method: Influence.Method) throws {
    let data = Problem.classes(24, seed: 1)
    let order = (0..<24).map { ($0 * 7 + 3) % 24 }
    let (a, b) = (
      try Problem.model(sources, data, method),
      try Problem.model(sources, data.subset(order), method)
    )
    let (scores, permuted) = (try a.scores(queries), try b.scores(queries))
    for q in 0..<5 {
      #expect(
        relativeDifference(permuted.row(q), order.map { scores[q, $0] }) < Self.tolerance(method))
    }
    let own = try a.selfInfluence()
    #expect(
      relativeDifference(try b.selfInfluence(), order.map { own[$0] }) < Self.tolerance(method))
  }

  /// Rounding, grown by the inverse of a curvature; iterations end where they end.
  private static func tolerance(_ method: Influence.Method) -> Double {
    method.needs.contains(.network) ? 1e-2 : method.needs.contains(.damping) ? 2e-4 : 1e-5
  }

  @Test("the same bits for one worker and two", arguments: all)
  func workers(method: Influence.Method) throws {
    let data = Problem.classes(60, seed: 1)
    var results: [[Float]] = []
    for count in [1, 2] {
      try Execution.with(workers: count) {
        let model = try Problem.model(sources, data, method)
        results.append(
          try model.scores(queries).elements + model.scores(queries, mean: true).elements
            + model.selfInfluence())
      }
    }
    #expect(results[0].map(\.bitPattern) == results[1].map(\.bitPattern))
  }

  @Test("no memory for prepared checkpoints gives the same bits", arguments: all)
  func budget(method: Influence.Method) throws {
    let data = Problem.classes(20, seed: 1)
    let weight =
      [.trak, .trajectory].contains(method) ? ExampleWeight(.leaveOneOut) : nil
    var results: [[Float]] = []
    var notes: [[String]] = []
    for budget in [6 << 30, 0] {
      let model = try Problem.model(sources, data, method, weight: weight, budget: budget)
      results.append(try model.scores(queries).elements + model.selfInfluence())
      notes.append(try model.notes() + model.dampingReports().map { "\($0)" })
    }
    #expect(results[0].map(\.bitPattern) == results[1].map(\.bitPattern))
    // Some say what they have seen in answering.
    if !method.needs.contains(.network), method != .freeShap { #expect(notes[0] == notes[1]) }
  }

  /// Regression without bias: an input of zeros has a zero gradient.
  static func withZeroRow() -> (GradientSource, Dataset) {
    var builder = NetworkBuilder()
    let layer = builder.linear("0", inputs: 3, outputs: 1, bias: false)
    let network = Network(layer, builder: builder, inputShape: [3], outputCount: 1)
    let source = GradientSource(
      network: network, parameters: network.initialParameters(seed: 1))
    var inputs = Problem.values([8, 3], seed: 4)
    for j in 0..<3 { inputs[2 * 3 + j] = 0 }
    return (
      source, Dataset(inputs: inputs, targets: .values(Problem.values([8, 1], seed: 5)))
    )
  }

  /// Methods of the network's own gradients: others have features, or a layer that is refitted.
  static let ofGradients = all.filter { ![.representer, .knnShapley, .embedding].contains($0) }

  @Test(
    "an example with a zero gradient scores exactly 0 and is noted", arguments: ofGradients)
  func zeroRow(method: Influence.Method) throws {
    let (source, data) = Self.withZeroRow()
    let model = try Problem.model([source], data, method)
    let scores = try model.scores(data)
    for q in 0..<8 {
      #expect(scores[q, 2] == 0)
      #expect(q == 2 || scores[q, 0] != 0)
    }
    #expect(try model.selfInfluence()[2] == 0)
    let note = "c0: 1 training example has a zero gradient and scores 0 (2)"
    #expect(try model.notes().contains(note))
  }

  @Test("gradients that are all zero are an error", arguments: ofGradients)
  func allZero(method: Influence.Method) throws {
    let (source, data) = Self.withZeroRow()
    let error = diagnosed {
      _ = try Problem.model([source], data.subset([2]), method).scores(data)
    }
    #expect(error as? InfluenceError == .allZero(checkpoint: "c0"))
  }

  @Test(
    "parameters that are not numbers are an error that names the example", arguments: all)
  func notFinite(method: Influence.Method) throws {
    let data = Problem.classes(8, seed: 1)
    let source = sources[0]
    var parameters = source.parameters
    parameters[3] = .nan
    let broken = GradientSource(network: source.network, parameters: parameters)
    let error = diagnosed { _ = try Problem.model([broken], data, method).scores(queries) }
    #expect(error as? GradientError == .nonFiniteOutput(example: "0"))
  }

  @Test("a gradient that overflows is an error that names example and checkpoint")
  func overflow() throws {
    var inputs = Problem.values([6, 3], seed: 4)
    inputs[3 * 3] = 3e25
    let (source, _) = Self.withZeroRow()
    let data = Dataset(inputs: inputs, targets: .values(Problem.values([6, 1], seed: 5)))
    let error = diagnosed { _ = try Problem.model([source], data, .trak).scores(data) }
    #expect(error as? InfluenceError == .nonFiniteGradient(example: "3", checkpoint: "c0"))
  }

  @Test("repeated inputs are noted once and share what one of them would get")
  func duplicates() throws {
    let base = Problem.classes(10, seed: 1)
    guard var classes = base.classes else { return }
    var inputs = base.inputs
    for j in 0..<4 { inputs[9 * 4 + j] = inputs[j] }
    classes[9] = classes[0]
    let data = Dataset(inputs: inputs, targets: .classes(classes, names: base.classNames))
    let model = try Problem.model(sources, data, .trak)
    let scores = try model.scores(queries)
    for q in 0..<5 { #expect(abs(scores[q, 0] / scores[q, 9] - 1) < 1e-3) }
    #expect(
      try model.notes() == [
        "1 training examples repeat another one's input exactly: their scores share what one of "
          + "them would get"
      ])
  }

  @Test("more examples than the exact kernel takes, no checkpoint, wrong function: refused")
  func refused() throws {
    let data = Problem.classes(10, seed: 1)
    let options = try ScoringOptions(method: .trak, classification: true, exampleWeight: nil)
    let many = diagnosed {
      _ = try Ensemble(
        checkpoints: Problem.exact([sources[0]], data), training: data, options: options,
        exactLimit: 9)
    }
    #expect(many as? InfluenceError == .tooManyForExactKernel(count: 10, limit: 9))
    #expect(throws: InfluenceError.self) {
      try Ensemble(checkpoints: [], training: data, options: options)
    }
    let function = diagnosed { _ = try Problem.model(sources, data, .trak, function: .prediction) }
    #expect(function as? GradientError == .outputFunction(name: "prediction"))
  }
}
