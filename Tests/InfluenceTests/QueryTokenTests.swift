import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Projections
import Tensors
import TestSupport
import Testing

@testable import Influence

/// A score is the sum of its parts by the query's tokens, each that token's own score.
@Suite("Scores by the query's tokens")
struct QueryTokenTests {
  typealias Base = TokenScoreTests
  static let methods = [Influence.Method.trak, .graddot, .gradcos]

  private func parts(_ model: Ensemble, _ query: Dataset) throws -> Matrix<Float> {
    try model.queryTokenScores(query, rows: Base.rows)
  }

  @Test(
    "the parts sum to the score: exact kernels", arguments: methods,
    [nil, "h.0.mlp", "wte,ln_f"])
  func exact(method: Influence.Method, layers: String?) throws {
    let model = try Base.model(method, layers: layers)
    for row in 0..<2 {
      let query = Base.queries.subset([row])
      let scores = try model.scores(query).row(0)
      let parts = try parts(model, query)
      #expect(parts.rows == 4 && parts.columns == 5)
      #expect(relativeDifference(Base.sums(parts), Base.rows.map { scores[$0] }) < 1e-4)
      #expect((0..<4).allSatisfy { parts[$0, 0] == 0 && parts[$0, 2] != 0 })
      // The second query ends in two tokens of padding.
      #expect((0..<4).allSatisfy { (parts[$0, 3] == 0 && parts[$0, 4] == 0) == (row == 1) })
    }
  }

  @Test(
    "a part is the score of the query with that token as only target",
    arguments: [Influence.Method.trak, .graddot], [DampingProfile.uniform, .residual])
  func alone(method: Influence.Method, profile: DampingProfile) throws {
    let model = try Base.model(method, profile: profile)
    let query = Base.queries.subset([0])
    let parts = try parts(model, query)
    for token in 1..<5 {
      let scores = try model.scores(try query.targeting(token: token)).row(0)
      #expect(
        relativeDifference((0..<4).map { parts[$0, token] }, Base.rows.map { scores[$0] }) < 1e-4,
        "token \(token)")
    }
  }

  @Test(
    "the parts sum to the score: features", arguments: methods,
    [ProjectorKind.identity, .kronecker, .landmarks])
  func features(method: Influence.Method, kind: ProjectorKind) throws {
    let folder = try ScratchFolder()
    let model = try Base.featureModel(method, kind, in: folder)
    let query = Base.queries.subset([0])
    let scores = try model.scores(query).row(0)
    let parts = try model.queryTokenScores(
      query, rows: Base.rows)
    #expect(relativeDifference(Base.sums(parts), Base.rows.map { scores[$0] }) < 1e-4)
    guard method != .gradcos else { return }
    for token in 1..<5 {
      let alone = try model.scores(try query.targeting(token: token)).row(0)
      #expect(
        relativeDifference((0..<4).map { parts[$0, token] }, Base.rows.map { alone[$0] }) < 1e-4,
        "token \(token)")
    }
  }

  @Test("a query of one token predicts nothing and has no parts", arguments: methods)
  func nothing(method: Influence.Method) throws {
    let parts = try parts(
      Base.model(method), Base.data([[3, -1, -1, -1, -1]]))
    #expect(parts.rows == 4 && parts.columns == 5 && parts.elements.allSatisfy { $0 == 0 })
  }

  @Test("what has no tokens is refused")
  func refusal() throws {
    let classes = Problem.classes(5, seed: 1)
    let model = try Problem.model([Problem.source(seed: 1)], classes, .graddot)
    let error = diagnosed {
      _ = try model.queryTokenScores(
        classes.subset([0]), rows: [0])
    }
    #expect(
      error?.what
        == "a score by token is not defined here: these examples are no sequences of tokens")
  }
}

/// Without damping the ridge model interpolates: (ΦᵀΦ)⁻¹ is the pseudo-inverse.
@Suite("Scores by token without damping")
struct UndampedTokenTests {
  typealias Base = TokenScoreTests

  @Test("the parts are those of the pseudo-inverse, written out in double precision")
  func pseudoInverse() throws {
    let source = Base.source(1)
    let options = try ScoringOptions(
      method: .trak, classification: true, exampleWeight: ExampleWeight(.none),
      damping: .value(0), dampingProfile: .uniform)
    let model = try Ensemble(
      checkpoints: Problem.exact([source], Base.training), training: Base.training,
      options: options)
    let query = Base.queries.subset([0])
    let p = source.network.parameterCount
    let full = { (gradients: ExampleGradients) in
      gradients.fullGradients(parameterCount: p).double
    }
    let target = GradientSource.Target.output(options.outputFunction)
    let phi = full(try source.gradients(of: Base.training, target: target).gradients)
    let own = full(try source.gradients(of: query, target: target).gradients)
    let gram = product(MatrixView(phi), MatrixView(phi).transposed)
    let cholesky = try Cholesky(gram)
    let solved = cholesky.solve(
      rows: cholesky.solve(rows: product(MatrixView(own), MatrixView(phi).transposed)))
    let direction = product(MatrixView(solved), MatrixView(phi))
    let parts = try model.tokenScores(query, rows: Base.rows)
    var worst = 0.0
    for (place, row) in Base.rows.enumerated() {
      try source.forEachTokenBlock(of: Base.training.subset([row]), options.outputFunction) {
        let products = product(MatrixView(full($1)), MatrixView(direction).transposed)
        for (line, position) in $0.enumerated() where position < 4 {
          let difference = Double(parts[place, position + 1]) - products[line, 0]
          worst = max(worst, abs(difference))
        }
      }
    }
    let size = (0..<4).flatMap { parts.row($0) }.map { abs($0) }.max() ?? 0
    #expect(size > 0.1 && worst < 1e-2 * Double(size), "\(worst) of \(size)")
    let scores = try model.scores(query).row(0)
    #expect(relativeDifference(Base.sums(parts), Base.rows.map { scores[$0] }) < 1e-2)
  }

  @Test("the parts by token sum to the score, of passages and of the query")
  func sums() throws {
    let model = try Base.model(.trak, damping: .value(0))
    let query = Base.queries.subset([0])
    let scores = try model.scores(query).row(0)
    let expected = Base.rows.map { scores[$0] }
    let scorer = model
    for parts in [
      try scorer.tokenScores(query, rows: Base.rows),
      try scorer.queryTokenScores(query, rows: Base.rows),
    ] {
      #expect(relativeDifference(Base.sums(parts), expected) < 1e-2)
    }
  }
}
