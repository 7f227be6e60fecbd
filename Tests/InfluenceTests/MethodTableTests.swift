import Datasets
import Gradients
import Networks
import Projections
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("The table of methods")
struct MethodTableTests {
  /// Those of a kernel; what goes through a training has none.
  static let all = MethodTable.ofCheckpoints
  let data = Problem.classes(30, seed: 3)
  let queries = Problem.classes(6, seed: 4)
  let sources = [Problem.source(seed: 1), Problem.source(seed: 2)]

  /// Features that keep the whole kernel: all coordinates, or every example a landmark.
  static let whole = [
    ProjectionChoice(kind: .identity, dimension: 1),
    ProjectionChoice(kind: .landmarks, dimension: 30),
  ]

  @Test(
    "features that keep the whole kernel are scored as the exact kernel, by every method",
    arguments: all.filter(\.readsFeatures), whole)
  func primalIsDual(method: Influence.Method, projection: ProjectionChoice) throws {
    let folder = try ScratchFolder()
    let exact = try Problem.model(sources, data, method, profile: .uniform)

    let tolerance = 1e-4
    let features = try Problem.features(
      sources, data, exact.options, in: folder.path, projection: projection)
    for mean in [false, true] {
      #expect(
        relativeDifference(
          try features.scores(queries, mean: mean).elements,
          try exact.scores(queries, mean: mean).elements) < tolerance)
    }
    #expect(relativeDifference(try features.selfInfluence(), try exact.selfInfluence()) < tolerance)
    let group = try features.groupInfluence(queries, of: [3, 4, 20])
    let expected = try exact.groupInfluence(queries, of: [3, 4, 20])
    #expect(relativeDifference(group.additive, expected.additive) < tolerance)
    #expect((group.exact == nil) == (expected.exact == nil))
    if let a = group.exact, let b = expected.exact { #expect(relativeDifference(a, b) < tolerance) }
  }

  @Test("leave-one-out margins of numbers and classes are those of the exact kernel on features")
  func margins() throws {
    let numbers = Problem.numbers(24, seed: 5)
    let one = [Problem.source(outputs: 1, seed: 3)]
    for (data, sources) in [(data, sources), (numbers, one)] {
      let folder = try ScratchFolder()
      let exact = try Problem.model(sources, data, .ntkLeaveOneOut)
      let features = try Problem.features(sources, data, exact.options, in: folder.path)
      #expect(
        relativeDifference(
          try features.leaveOneOutMargins(), try exact.leaveOneOutMargins()) < 1e-4)
    }
  }

  @Test(
    "a kernel spread by residuals is the same on features",
    arguments: [
      Influence.Method.trak, .ntkLeaveOneOut, .trajectory,
    ])
  func residualProfile(method: Influence.Method) throws {
    let folder = try ScratchFolder()
    let exact = try Problem.model(sources, data, method, profile: .residual)
    let features = try Problem.features(sources, data, exact.options, in: folder.path)
    #expect(
      relativeDifference(
        try features.scores(queries).elements, try exact.scores(queries).elements) < 1e-4)
  }

  @Test(
    "numbers: a query's score is that of its prediction times its residual",
    arguments: [
      Influence.Method.trak, .ntkLeaveOneOut,
    ])
  func residualOfTheQuery(method: Influence.Method) throws {
    let folder = try ScratchFolder()
    let data = Problem.numbers(20, seed: 5)
    let queries = Problem.numbers(5, seed: 6)
    let source = Problem.source(outputs: 1, seed: 3)
    let error = try Problem.model([source], data, method)
    #expect(error.options.outputFunction == .negativeHalfSquaredError)
    let prediction = try Problem.model([source], data, method, function: .prediction)
    let outputs = source.outputs(of: queries)
    guard case .values(let targets) = queries.targets else { return }
    let raw = try prediction.scores(queries)
    let expected = (0..<5).flatMap { q in
      raw.row(q).map { Double($0) * (Double(targets[q]) - Double(outputs[q])) }
    }
    #expect(relativeDifference(try error.scores(queries).elements, expected) < 1e-5)
    let features = try Problem.features([source], data, error.options, in: folder.path)
    #expect(relativeDifference(try features.scores(queries).elements, expected) < 1e-4)
    let own = try error.scores(data)
    #expect(
      relativeDifference(try error.selfInfluence(), (0..<20).map { own[$0, $0] }) < 1e-5)
  }

  @Test("a method's row says what it is: names are different, units and needs fit")
  func rows() throws {
    #expect(Set(Self.all.map(\.name)).count == Self.all.count)
    for method in Self.all {
      #expect(!method.title.isEmpty && !method.source.isEmpty)
      #expect(try MethodTable.withToy.method(named: method.name) == method)
      #expect(!method.unit(.margin).isEmpty)
      #expect(method.isDamped == method.parts.contains(where: \.isDamped))
    }
    let unknown = diagnosed { _ = try MethodTable.standard.method(named: "half-dot") }
    #expect(
      unknown?.remedy.contains("graddot, gradcos, tracin, trak, ntk-loo, trajectory, magic") == true
    )
  }

  @Test("a method of one's own is half of graddot of the same function, on both kernels")
  func toy() throws {
    let folder = try ScratchFolder()
    let exact = try Problem.model(sources, data, .halfDot, function: .logProbability)
    let graddot = try Problem.model(sources, data, .graddot, function: .logProbability)
    let expected = try graddot.scores(queries).elements.map { Double($0) / 2 }
    #expect(relativeDifference(try exact.scores(queries).elements, expected) < 1e-6)
    let features = try Problem.features(sources, data, exact.options, in: folder.path)
    #expect(relativeDifference(try features.scores(queries).elements, expected) < 1e-5)
    let top = try exact.top(queries, limit: 3)
    #expect(top.count == 6 && top[0].highest.count <= 3)
  }
}
