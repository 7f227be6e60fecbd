import Datasets
import Gradients
import LinearAlgebra
import Networks
import Projections
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

/// A score of a sequence is the sum of its tokens' parts, and each part is that token's own.
@Suite("Scores by token")
struct TokenScoreTests {
  static let network = Network.gpt2(
    GPT2Configuration(vocabulary: 6, context: 5, layers: 1, heads: 2, width: 4))
  static let vocabulary = ["a", "b", "c", "d", "e", "\n"]

  static func source(_ seed: UInt64) -> GradientSource {
    GradientSource(network: network, parameters: network.initialParameters(seed: seed))
  }

  static func data(_ rows: [[Float]]) -> Dataset {
    let tokens = Tensor(rows.flatMap { $0 }, shape: [rows.count, 5])
    return Dataset(inputs: tokens, targets: .tokens(tokens, vocabulary: vocabulary))
  }

  static let training = data([
    [0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [5, 5, 0, 1, 0], [2, 0, 2, -1, -1], [1, 1, 3, 3, 5],
    [0, 4, 5, 2, -1], [3, 0, 0, 0, 1],
  ])
  static let queries = data([[1, 2, 3, 4, 5], [0, 0, 1, -1, -1]])

  static func model(
    _ method: Influence.Method, layers: String? = nil, profile: DampingProfile = .uniform,
    damping: DampingRule = .standard
  ) throws -> Ensemble {
    var chosen = network
    if let layers { chosen = try chosen.selecting(LayerPatterns(text: layers), place: "p") }
    let sources = [1, 2].map {
      GradientSource(network: chosen, parameters: network.initialParameters(seed: $0))
    }
    return try Ensemble(
      checkpoints: Problem.exact(sources, training), training: training,
      options: ScoringOptions(
        method: method, classification: true, exampleWeight: nil, damping: damping,
        dampingProfile: method.needsSolve ? profile : .uniform))
  }

  static func featureModel(
    _ method: Influence.Method, _ kind: ProjectorKind, in folder: ScratchFolder
  ) throws -> Ensemble {
    let options = try ScoringOptions(
      method: method, classification: true, outputFunction: .logProbability, exampleWeight: nil,
      dampingProfile: .uniform)
    return try Problem.features(
      [source(1), source(2)], training, options, in: folder.path,
      projection: ProjectionChoice(kind: kind, dimension: kind == .landmarks ? 5 : 64))
  }

  static func sums(_ parts: Matrix<Float>) -> [Double] {
    (0..<parts.rows).map { parts.row($0).reduce(0) { $0 + Double($1) } }
  }

  static let rows = [3, 0, 6, 5]

  @Test(
    "the parts sum to the score: exact kernels",
    arguments: [Influence.Method.trak, .graddot, .gradcos, .tracin, .ekfac],
    [nil, "h.0.mlp", "wte,ln_f"])
  func exact(method: Influence.Method, layers: String?) throws {
    let model = try Self.model(method, layers: layers)
    for query in [Self.queries.subset([0]), Self.queries] {
      let scores = try model.scores(query, mean: true).row(0)
      let parts = try model.tokenScores(query, rows: Self.rows)
      #expect(
        relativeDifference(Self.sums(parts), Self.rows.map { scores[$0] }) < 5e-4)
      // The first token is not predicted, and padding is none.
      #expect((0..<4).allSatisfy { parts[$0, 0] == 0 })
      #expect(parts[0, 3] == 0 && parts[0, 4] == 0 && parts[3, 4] == 0)
      #expect(parts[0, 1] != 0 && parts[0, 2] != 0)
    }
  }

  @Test("the parts sum to the score where damping differs by example")
  func residualDamping() throws {
    let model = try Self.model(.trak, profile: .residual)
    let query = Self.queries.subset([0])
    let scores = try model.scores(query, mean: true).row(0)
    let parts = try model.tokenScores(query, rows: Self.rows)
    #expect(relativeDifference(Self.sums(parts), Self.rows.map { scores[$0] }) < 5e-4)
  }

  @Test("a part is the score of an example with that token as only target")
  func alone() throws {
    let model = try Self.model(.graddot)
    let query = Self.queries.subset([0])
    let parts = try model.tokenScores(query, rows: [0])
    for token in 1..<5 {
      let only = try Self.training.subset([0]).targeting(token: token)
      let single = try Ensemble(
        checkpoints: Problem.exact([Self.source(1), Self.source(2)], only), training: only,
        options: model.options)
      let score = try single.scores(query)[0, 0]
      #expect(abs(parts[0, token] - score) <= 1e-4 * abs(score), "token \(token)")
    }
  }

  @Test(
    "scores of a query's tokens sum to the query's",
    arguments: [Influence.Method.trak, .graddot, .tracin])
  func queryTokens(method: Influence.Method) throws {
    let model = try Self.model(method)
    let query = Self.queries.subset([0])
    var sum = [Double](repeating: 0, count: Self.training.count)
    for token in 1..<5 {
      let scores = try model.scores(try query.targeting(token: token)).row(0)
      for (i, score) in scores.enumerated() { sum[i] += Double(score) }
    }
    #expect(relativeDifference(sum, try model.scores(query).row(0)) < 1e-4)
  }

  @Test(
    "the parts sum to the score: features",
    arguments: [Influence.Method.trak, .graddot, .gradcos, .tracin],
    [ProjectorKind.identity, .kronecker, .landmarks])
  func features(method: Influence.Method, kind: ProjectorKind) throws {
    let folder = try ScratchFolder()
    let model = try Self.featureModel(method, kind, in: folder)
    let query = Self.queries.subset([0])
    let scores = try model.scores(query).row(0)
    let parts = try model.tokenScores(
      query, rows: Self.rows)
    #expect(relativeDifference(Self.sums(parts), Self.rows.map { scores[$0] }) < 1e-4)
    #expect((0..<4).allSatisfy { parts[$0, 0] == 0 })
  }

  @Test("what has no tokens is refused word for word")
  func refusals() throws {
    let classes = Problem.classes(5, seed: 1)
    let model = try Problem.model([Problem.source(seed: 1)], classes, .graddot)
    let error = diagnosed {
      _ = try model.tokenScores(classes, rows: [0])
    }
    #expect(
      error?.what
        == "a score by token is not defined here: these examples are no sequences of tokens")
    for (row, token, reason) in [
      (0, 0, "example 0 predicts its tokens 1 to 4 (the first is 0)"),
      (0, 5, "example 0 predicts its tokens 1 to 4 (the first is 0)"),
      (1, 3, "example 1 predicts its tokens 1 to 2 (the first is 0)"),
    ] {
      let error = diagnosed { _ = try Self.queries.subset([row]).targeting(token: token) }
      #expect(error?.what == "token \(token) is not defined here: \(reason)")
      #expect(error?.location == "‹token›")
    }
    #expect(diagnosed { _ = try classes.targeting(token: 1) } != nil)
  }
}
