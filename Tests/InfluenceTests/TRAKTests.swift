import Datasets
import Gradients
import Networks
import Projections
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("trak")
struct TRAKTests {
  /// mean_c φ_x (ΦᵀΦ + λ_c I)⁻¹ φ_i · D_i in double from full gradients, λ_c the mean eigenvalue.
  func reference(
    _ sources: [GradientSource], _ data: Dataset, _ queries: Dataset, _ function: OutputFunction
  ) throws -> [[Double]] {
    var sum = [[Double]](
      repeating: [Double](repeating: 0, count: data.count), count: queries.count)
    var weight = [Double](repeating: 0, count: data.count)
    for source in sources {
      let (phi, query) = (try source.full(data, function), try source.full(queries, function))
      let gram = Plain.gram(phi)
      let lambda = Plain.trace(gram) / Double(data.count)
      let solved = Plain.products(phi, Plain.inverse(Plain.damped(gram, lambda)))
      let scores = Plain.products(query, solved)
      let residuals = function.residuals(
        source.outputs(of: data), TargetValues(data.targets))
      for i in 0..<data.count {
        weight[i] += Double(residuals[i]) / Double(sources.count)
        for q in 0..<queries.count { sum[q][i] += scores[q][i] / Double(sources.count) }
      }
    }
    return sum.map { row in zip(row, weight).map(*) }
  }

  func features(
    _ sources: [GradientSource], _ data: Dataset, _ options: ScoringOptions, in folder: String,
    residuals: [Float]? = nil
  ) throws -> Ensemble {
    try Problem.features(sources, data, options, in: folder, residuals: residuals)
  }

  static let seeds: [UInt64] = [0, 1, 2]

  @Test(
    "dual, primal and a plain loop agree for each query, their mean and self-influence",
    arguments: [1, 3], seeds)
  func dualIsPrimal(checkpoints: Int, seed: UInt64) throws {
    let folder = try ScratchFolder()
    let data = Problem.classes(40, seed: seed)
    let queries = Problem.classes(7, seed: seed + 100)
    let sources = (0..<checkpoints).map { Problem.source(seed: seed * 10 + UInt64($0)) }
    let dual = try Problem.model(sources, data, .trak)
    let primal = try features(sources, data, dual.options, in: folder.path)
    let expected = try reference(sources, data, queries, .margin)
    let flat = expected.flatMap { $0 }
    #expect(relativeDifference(try dual.scores(queries).elements, flat) < 1e-5)
    #expect(relativeDifference(try primal.scores(queries).elements, flat) < 1e-5)
    let mean = Plain.transposed(expected).map { $0.reduce(0, +) / Double(queries.count) }
    #expect(relativeDifference(try dual.scores(queries, mean: true).elements, mean) < 1e-5)
    #expect(relativeDifference(try primal.scores(queries, mean: true).elements, mean) < 1e-5)
    let own = try reference(sources, data, data, .margin)
    let selves = own.indices.map { own[$0][$0] }
    #expect(relativeDifference(try dual.selfInfluence(), selves) < 1e-5)
    #expect(relativeDifference(try primal.selfInfluence(), selves) < 1e-5)
  }

  @Test("a regression's residual t − z is in the scores, dual and primal", arguments: seeds)
  func regression(seed: UInt64) throws {
    let folder = try ScratchFolder()
    let data = Problem.numbers(30, seed: seed)
    let queries = Problem.numbers(5, seed: seed + 100)
    let sources = [Problem.source(outputs: 1, seed: seed)]
    let dual = try Problem.model(sources, data, .trak, function: .prediction)
    let primal = try features(sources, data, dual.options, in: folder.path)
    let expected = try reference(sources, data, queries, .prediction).flatMap { $0 }
    #expect(relativeDifference(try dual.scores(queries).elements, expected) < 1e-5)
    #expect(relativeDifference(try primal.scores(queries).elements, expected) < 1e-5)
  }

  @Test(
    "graddot and gradcos on features are those on the kernel, for any output function",
    arguments: [OutputFunction.loss, .margin, .logProbability],
    [Influence.Method.graddot, .gradcos])
  func dots(function: OutputFunction, method: Influence.Method) throws {
    let folder = try ScratchFolder()
    let data = Problem.classes(20, seed: 4)
    let queries = Problem.classes(6, seed: 5)
    let sources = [Problem.source(seed: 1), Problem.source(seed: 2)]
    let exact = try Problem.model(sources, data, method, function: function)
    let features = try features(sources, data, exact.options, in: folder.path)
    for mean in [false, true] {
      #expect(
        relativeDifference(
          try features.scores(queries, mean: mean).elements,
          try exact.scores(queries, mean: mean).elements) < 1e-5)
    }
    #expect(relativeDifference(try features.selfInfluence(), try exact.selfInfluence()) < 1e-5)
    let own = try exact.scores(data)
    #expect(
      relativeDifference(
        try exact.selfInfluence(), (0..<data.count).map { own[$0, $0] }) < 1e-5)
  }

  @Test("the top of a store is the sorted matrix of all scores")
  func storeTop() throws {
    let folder = try ScratchFolder()
    let data = Problem.classes(33, seed: 8)
    let queries = Problem.classes(4, seed: 9)
    let sources = [Problem.source(seed: 1)]
    let options = try ScoringOptions(
      method: .trak, classification: true, exampleWeight: nil)
    let model = try features(sources, data, options, in: folder.path)
    let scores = try model.scores(queries)
    for (query, top) in try model.top(queries, limit: 5).enumerated() {
      let row = scores.row(query)
      let sorted = row.indices.filter { row[$0] > 0 }
        .sorted { (-row[$0], $0) < (-row[$1], $1) }
      #expect(top.highest.map(\.row) == Array(sorted.prefix(5)))
    }
  }

  @Test("a weight that needs features no store has is refused instead of being zero")
  func storeWeights() throws {
    let folder = try ScratchFolder()
    let data = Problem.classes(12, seed: 8)
    let sources = [Problem.source(seed: 1)]
    let options = try ScoringOptions(
      method: .trak, classification: true, exampleWeight: ExampleWeight(.leaveOneOut))
    let model = try features(sources, data, options, in: folder.path)
    let error = diagnosed { _ = try model.scores(data) }
    #expect(
      error as? InfluenceError == .noFeatures(of: "trace", available: "margin"))
    let missing = diagnosed {
      _ = try features(
        sources, data,
        try ScoringOptions(
          method: .trak, classification: true, exampleWeight: ExampleWeight(.trajectory)),
        in: folder.path)
    }
    #expect((missing as? InfluenceError)?.what.contains("needs the training's dynamics") == true)
  }
}
