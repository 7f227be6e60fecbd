import Datasets
import Gradients
import Networks
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("group influence")
struct GroupTests {
  static let groups: [[Int]] = [[4], [0, 1, 2], [19, 3, 7, 11, 2, 5, 13, 8], Array(1..<20)]
  static let seeds: [UInt64] = [0, 1]

  @Test("ntk-loo: exact is an honest refit without the group", arguments: groups, seeds)
  func refit(group: [Int], seed: UInt64) throws {
    let data = Problem.classes(20, seed: seed)
    let queries = Problem.classes(5, seed: seed + 50)
    let source = Problem.source(seed: seed)
    let fit = try LeaveOneOutTests.Regression(source, data, queries)
    let slopes = OutputFunction.margin.gradient(
      source.outputs(of: queries), TargetValues(queries.targets))
    let rest = (0..<20).filter { !group.contains($0) }
    let expected = fit.query.enumerated().map { q, row in
      (0..<3).reduce(0.0) { sum, c in
        let all = fit.prediction(c, without: nil, at: row)
        let without = Plain.ridge(
          kernel: fit.kernel, targets: fit.targets[c], rows: rest, damping: fit.damping,
          query: row)
        return sum + (all - without) * Double(slopes[q, c])
      }
    }
    let model = try Problem.model([source], data, .ntkLeaveOneOut)
    let found = try model.groupInfluence(queries, of: group)
    let exact = try #require(found.exact)
    #expect(relativeDifference(exact, expected) < 1e-4)
    if group.count == 1 { #expect(relativeDifference(exact, found.additive) < 1e-4) }
  }

  /// ∇f of training set and queries, kernel, λ and D behind `trak`, in double.
  private func parts(_ source: GradientSource, _ data: Dataset, _ queries: Dataset) throws -> (
    training: Plain.Rows, asked: Plain.Rows, kernel: Plain.Rows, damping: Double
  ) {
    let training = try source.full(data, .margin)
    let kernel = Plain.products(training, training)
    return (
      training, try source.full(queries, .margin), kernel, Plain.trace(kernel) / Double(data.count)
    )
  }

  @Test(
    "trak: exact is a refit of the ridge regression whose residuals are the weights",
    arguments: groups, seeds)
  func trak(group: [Int], seed: UInt64) throws {
    let data = Problem.classes(20, seed: seed)
    let queries = Problem.classes(5, seed: seed + 50)
    let source = Problem.source(seed: seed)
    let (training, asked, kernel, damping) = try parts(source, data, queries)
    let model = try Problem.model([source], data, .trak)
    let weights = try model.weights().map(Double.init)
    // Targets t with t − K(K + λ)⁻¹t = D.
    let targets = Plain.apply(Plain.damped(kernel, damping), weights.map { $0 / damping })
    let rest = (0..<20).filter { !group.contains($0) }
    let expected = Plain.products(asked, training).map { row in
      Plain.ridge(
        kernel: kernel, targets: targets, rows: Array(0..<20), damping: damping, query: row)
        - Plain.ridge(
          kernel: kernel, targets: targets, rows: rest, damping: damping, query: row)
    }
    let found = try model.groupInfluence(queries, of: group)
    #expect(relativeDifference(try #require(found.exact), expected) < 1e-4)
    let scores = try model.scores(queries)
    let sums = (0..<5).map { q in group.reduce(0.0) { $0 + Double(scores[q, $1]) } }
    #expect(relativeDifference(found.additive, sums) < 1e-6)
  }

  @Test("trak damped by residuals: the refit is that of the weighted ridge, dual and primal")
  func weighted() throws {
    let folder = try ScratchFolder()
    let data = Problem.classes(20, seed: 4)
    let queries = Problem.classes(5, seed: 54)
    let source = Problem.source(seed: 4)
    let group = [3, 8, 15]
    let (training, asked, kernel, damping) = try parts(source, data, queries)
    let recorded = (0..<20).map { Float($0 + 1) / 25 }
    let model = try Problem.model(
      [source], data, .trak, profile: .residual, trajectory: recorded)
    let s = try #require(try model.dampingScales()).map { $0 * damping }
    let dual = zip(try model.weights(), s).map { Double($0) / $1 }
    let targets = Plain.apply(Plain.damped(kernel, by: s), dual)
    let rest = (0..<20).filter { !group.contains($0) }
    func fit(_ rows: [Int], _ query: [Double]) -> Double {
      let part = rows.map { i in rows.map { kernel[i][$0] } }
      let alpha = Plain.apply(
        Plain.inverse(Plain.damped(part, by: rows.map { s[$0] })), rows.map { targets[$0] })
      return Plain.dot(rows.map { query[$0] }, alpha)
    }
    let expected = Plain.products(asked, training).map { fit(Array(0..<20), $0) - fit(rest, $0) }
    let found = try model.groupInfluence(queries, of: group)
    #expect(relativeDifference(try #require(found.exact), expected) < 1e-4)
    let primal = try TRAKTests().features(
      [source], data, model.options, in: folder.path, residuals: recorded)
    let features = try primal.groupInfluence(queries, of: group)
    #expect(relativeDifference(try #require(features.exact), expected) < 1e-4)
    #expect(relativeDifference(features.additive, found.additive) < 1e-4)
  }

  @Test("trak: exact is the Newton step from the gradients that are left", arguments: groups)
  func newton(group: [Int]) throws {
    let data = Problem.classes(20, seed: 3)
    let queries = Problem.classes(5, seed: 53)
    let source = Problem.source(hidden: [], seed: 3)
    let (training, asked, _, damping) = try parts(source, data, queries)
    let model = try Problem.model([source], data, .trak)
    let weights = try model.weights().map(Double.init)
    let rest = (0..<20).filter { !group.contains($0) }.map { training[$0] }
    let inverse = Plain.inverse(Plain.damped(Plain.gram(rest), damping))
    var gradient = [Double](repeating: 0, count: training[0].count)
    for i in group {
      for p in gradient.indices { gradient[p] += weights[i] * training[i][p] }
    }
    let step = Plain.apply(inverse, gradient)
    let found = try model.groupInfluence(queries, of: group)
    #expect(
      relativeDifference(try #require(found.exact), asked.map { Plain.dot($0, step) }) < 1e-4)
  }

  @Test("checkpoints are averaged, and trajectory weighs both parts as its scores")
  func trajectory() throws {
    let data = Problem.classes(20, seed: 1)
    let queries = Problem.classes(4, seed: 51)
    let sources = [Problem.source(seed: 1), Problem.source(seed: 2)]
    let group = [2, 9, 14]
    func influence(_ method: Influence.Method, _ sources: [GradientSource]) throws -> [Double] {
      // D as over both checkpoints, so that the parts are comparable.
      try #require(
        try Problem.model(
          sources, data, method, weight: method == .ntkLeaveOneOut ? nil : .init(.none)
        )
        .groupInfluence(queries, of: group).exact)
    }
    for method in [Influence.Method.trak, .ntkLeaveOneOut] {
      let each = try sources.map { try influence(method, [$0]) }
      let mean = zip(each[0], each[1]).map { ($0 + $1) / 2 }
      #expect(relativeDifference(try influence(method, sources), mean) < 1e-5)
    }
    let (trak, kernel) = (
      try Problem.model(sources, data, .trak, weight: .init(.none)).scores(queries),
      try Problem.model(sources, data, .ntkLeaveOneOut).scores(queries)
    )
    func deviation(_ values: [Float]) -> Double {
      let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
      return
        (values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        / Double(values.count)).squareRoot()
    }
    let (first, second) = (
      try influence(.trak, sources), try influence(.ntkLeaveOneOut, sources)
    )
    let expected = (0..<4).map {
      first[$0] / deviation(trak.row($0)) / 2 + second[$0] / deviation(kernel.row($0)) / 2
    }
    #expect(relativeDifference(try influence(.trajectory, sources), expected) < 1e-5)
    let model = try Problem.model(sources, data, .trajectory)
    let scores = try model.scores(queries)
    let sums = (0..<4).map { q in group.reduce(0.0) { $0 + Double(scores[q, $1]) } }
    #expect(
      relativeDifference(try model.groupInfluence(queries, of: group).additive, sums) < 1e-5)
  }

  @Test("graddot has a sum and no model to refit; trak without damping is refused")
  func refusals() throws {
    let data = Problem.classes(20, seed: 1)
    let queries = Problem.classes(4, seed: 51)
    let source = Problem.source(seed: 1)
    let found = try Problem.model([source], data, .graddot).groupInfluence(queries, of: [1, 2])
    #expect(found.exact == nil && found.additive.count == 4)
    let wide = Problem.source(hidden: [40], seed: 1)
    let model = try Problem.model([wide], data, .trak, damping: .value(0))
    let error = diagnosed { _ = try model.groupInfluence(queries, of: [1, 2]) }
    #expect(
      error?.what
        == "the ridge model behind trak has no residuals with damping 0: no group can be deleted from it"
    )
    #expect(error?.location == "‹damping›")
  }
}

@Suite("predictions without a group")
struct GroupPredictionTests {
  @Test(
    "they are those of ridge regressions fitted with and without it, of training examples too",
    arguments: [[4], [0, 1, 2], Array(1..<20)])
  func refit(group: [Int]) throws {
    let data = Problem.classes(20, seed: 2)
    let queries = Problem.classes(5, seed: 52)
    let source = Problem.source(seed: 2)
    let model = try Problem.model([source], data, .ntkLeaveOneOut)
    let rest = (0..<20).filter { !group.contains($0) }
    for asked in [queries, data] {
      let fit = try LeaveOneOutTests.Regression(source, data, asked)
      let found = try model.groupPredictions(of: asked, without: group)
      for (q, row) in fit.query.enumerated() {
        for c in 0..<3 {
          let mean = Double(data.classes?.count { $0 == Int32(c) } ?? 0) / 20
          let whole = fit.prediction(c, without: nil, at: row)
          let without = Plain.ridge(
            kernel: fit.kernel, targets: fit.targets[c], rows: rest, damping: fit.damping,
            query: row)
          #expect(abs(Double(found.whole[q, c]) - mean - whole) < 1e-4)
          #expect(abs(Double(found.without[q, c]) - mean - without) < 1e-4)
        }
      }
    }
  }
}
