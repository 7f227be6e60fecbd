import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Influence by the Fisher matrix")
struct FisherTests {
  typealias Method = Influence.Method

  static func model(
    _ source: GradientSource, _ data: Dataset, _ method: Method,
    function: OutputFunction? = nil, damping: DampingRule? = nil, curvature: Curvature? = nil
  ) throws -> Ensemble {
    try Ensemble(
      checkpoints: Problem.exact([source], data, method), training: data,
      options: ScoringOptions(
        method: method, classification: data.classes != nil || data.vocabulary != nil,
        outputFunction: function, exampleWeight: nil, damping: damping, curvature: curvature))
  }

  /// A and S of a block in fp64 from its factors, and its eigenbases.
  private func basis(
    _ block: FactorBlock, count: Int
  ) throws -> (left: SymmetricEigen<Double>, right: SymmetricEigen<Double>) {
    func covariance(_ side: FactorSide) throws -> SymmetricEigen<Double> {
      let rows = side.materialised(count: count)
      let w = rows.rowLength
      var sum = Matrix<Double>(repeating: 0, rows: w, columns: w)
      for row in 0..<rows.rowCount {
        for a in 0..<w {
          for b in 0..<w {
            sum[a, b] += Double(rows[row * w + a]) * Double(rows[row * w + b]) / Double(count)
          }
        }
      }
      return try SymmetricEigen(sum)
    }
    return (try covariance(block.terms[0].left), try covariance(block.terms[0].right))
  }

  @Test(
    "scores are those of the dense matrix of each layer, inverted in fp64",
    arguments: [Method.ekfac, .kfac, .diagonal], [OutputFunction.loss, .margin])
  func dense(method: Method, function: OutputFunction) throws {
    let (data, queries) = (Problem.classes(40, seed: 1), Problem.classes(5, seed: 2))
    let source = Problem.source(seed: 3)
    let n = Double(data.count)
    let own = try source.factored(data, .output(.loss))
    let asked = try source.factored(queries, .output(function))
    var expected = [Double](repeating: 0, count: 5 * 40)
    for (block, query) in zip(own.blocks, asked.blocks) {
      let (o, i) = (block.leftWidth, block.rightWidth)
      let (left, right) = try basis(block, count: 40)
      let rows = block.fullGradients(count: 40)
      let g = (0..<40).map { rows.row($0).map(Double.init) }
      // U: vec(u_s ⊗ u_a) in rows.
      var turn: Plain.Rows = []
      for s in 0..<o {
        for a in 0..<i {
          var row: [Double] = []
          for p in 0..<o {
            for j in 0..<i { row.append(left.vectors[s, p] * right.vectors[a, j]) }
          }
          turn.append(row)
        }
      }
      func secondMoment(_ rows: Plain.Rows, _ k: Int) -> Double {
        let squares: [Double] = rows.map { row -> Double in row[k] * row[k] }
        return squares.reduce(0, +) / n
      }
      let turned = Plain.products(g, turn)
      let p = o * i
      var fisher = Plain.Rows(repeating: [Double](repeating: 0, count: p), count: p)
      switch method.name {
      case "diagonal":
        for k in 0..<p { fisher[k][k] = secondMoment(g, k) }
      default:
        let values: [Double] = (0..<p).map { k -> Double in
          if method == .kfac { return left.values[k / i] * right.values[k % i] }
          return secondMoment(turned, k)
        }
        for k in 0..<p {
          for a in 0..<p {
            let scaled: Double = values[k] * turn[k][a]
            for b in 0..<p { fisher[a][b] += scaled * turn[k][b] }
          }
        }
      }
      let damping = 0.1 * Plain.trace(fisher) / Double(p)
      let inverse = Plain.inverse(Plain.damped(fisher, damping))
      let x = query.fullGradients(count: 5)
      for q in 0..<5 {
        let v = Plain.apply(inverse, x.row(q).map(Double.init))
        for k in 0..<40 { expected[q * 40 + k] += Plain.dot(v, g[k]) / n }
      }
    }
    let model = try Self.model(
      source, data, method, function: function, curvature: .empiricalFisher)
    #expect(relativeDifference(try model.scores(queries).elements, expected) < 1e-4)
    let mean = try model.scores(queries, mean: true).row(0)
    let means: [Double] = (0..<40).map { k -> Double in
      let column: [Double] = (0..<5).map { expected[$0 * 40 + k] }
      return column.reduce(0, +) / 5
    }
    #expect(relativeDifference(mean, means) < 1e-4)
    let all = try model.scores(data)
    let diagonal: [Float] = (0..<40).map { all[$0, $0] }
    #expect(relativeDifference(try model.selfInfluence(), diagonal) < 1e-5)
  }

  @Test("by hand: one input, one output, no bias to speak of")
  func byHand() throws {
    // z = w x + b at 0: ∇ℓ = −t (x, 1). Inputs ±1, targets 1 and 2: a = (±1, 1), d = −t, A = I,
    // S = 5/2; G² = t² everywhere in the diagonal's basis.
    let network = Network.multilayerPerceptron(inputShape: [1], hidden: [], outputs: 1)
    let source = GradientSource(network: network, parameters: Tensor(repeating: 0, shape: [2]))
    let data = Dataset(
      inputs: Tensor([1, -1], shape: [2, 1]), targets: .values(Tensor([1, 2], shape: [2, 1])))
    let diagonal = try Self.model(
      source, data, .diagonal, damping: .value(0.5), curvature: .empiricalFisher)
    // −∇ℓ = (1, 1) and (−2, 2); (F + λ) = 5/2 + 1/2 = 3; g_x·g_i / 3 / 2.
    #expect(
      relativeDifference(try diagonal.scores(data).elements, [2.0 / 6, 0, 0, 8.0 / 6]) < 1e-6)
  }

  @Test(
    "Λ adds up to the mean squared norm of the gradients, and kfac's to that of the covariances",
    arguments: ["mlp", "cnn", "gpt2"])
  func traces(kind: String) throws {
    let sample = try PartScoreTests.Sample(kind)
    let source = sample.source(1)
    let gradients = try source.factored(sample.training, .output(.loss))
    let n = Double(sample.training.count)
    let norm = gradients.squaredNorms().reduce(0.0) { $0 + Double($1) } / n
    for form in [EigenFisher.Form.ekfac, .diagonal] {
      let fisher = try EigenFisher(
        of: sample.training, source: source, form: form, curvature: .empiricalFisher,
        rule: .timesMeanEigenvalue(0.1), checkpoint: "c")
      let trace = fisher.blocks.reduce(0) { $0 + $1.meanEigenvalue * Double($1.values.count) }
      #expect(abs(trace - norm) < 1e-5 * norm)
      // The inverse is the same on factors and on gradients written out, and keeps lengths.
      let solved = try fisher.solve(gradients)
      let written = GradientDirections(gradients)
      let again = try fisher.solve(written)
      for (a, b) in zip(solved.blocks, again.blocks) {
        #expect(relativeDifference(a.elements, b.elements) < 1e-4)
      }
      let squares = try fisher.squares(gradients)
      #expect(relativeDifference(squares.own, written.dots(solved)) < 1e-4)
      #expect(relativeDifference(squares.solved, solved.dots(solved)) < 1e-4)
    }
    let kfac = try EigenFisher(
      of: sample.training, source: source, form: .kfac, curvature: .empiricalFisher,
      rule: .timesMeanEigenvalue(0.1), checkpoint: "c")
    for (block, own) in zip(gradients.blocks, kfac.blocks) where own.basis != nil {
      func size(_ side: FactorSide) -> Double {
        side.materialised(count: gradients.count).elements.reduce(0) { $0 + Double($1 * $1) }
      }
      let term = block.terms[0]
      let expected =
        size(term.left) * size(term.right) / (n * n * Double(term.positions))
      let trace = own.meanEigenvalue * Double(own.values.count)
      #expect(abs(trace - expected) < 1e-4 * expected, "\(own.name)")
    }
    #expect(kfac.notes.contains { $0.hasPrefix("taken as diagonal") } == (kind != "mlp"))
  }

  @Test("drawn labels: seeded, cut as one likes, and right in the mean")
  func sampling() throws {
    let data = Problem.classes(30, seed: 5)
    let source = Problem.source(seed: 3)
    func norms(_ seed: UInt64) throws -> [Float] {
      var all: [Float] = []
      try source.forEachSampledBlock(of: data, seed: seed) { all += $1.squaredNorms() }
      return all
    }
    #expect(try norms(4) == norms(4))
    #expect(try norms(4) != norms(5))
    var permuted: [Float] = []
    let order = (0..<30).map { ($0 * 7 + 2) % 30 }
    try source.forEachSampledBlock(of: data.subset(order), seed: 4) {
      permuted += $1.squaredNorms()
    }
    let known = try norms(4)
    #expect(relativeDifference(permuted, order.map { known[$0] }) < 1e-5)
    let one = try Execution.with(memory: 1) { try norms(4) }
    #expect(relativeDifference(one, try norms(4)) < 1e-5)
    // E ‖J ᵀ(e_ŷ − p)‖² over labels, exactly, by every label with its probability.
    let p = source.outputs(of: data).softmax()
    var expected = 0.0
    for c in 0..<3 {
      let labelled = data.labelled([Int32](repeating: Int32(c), count: 30))
      for (i, row) in try source.full(labelled, .loss).enumerated() {
        expected += Double(p[i * 3 + c]) * Plain.dot(row, row) / 30
      }
    }
    var mean = 0.0
    for seed in 0..<200 {
      mean += try norms(UInt64(seed)).reduce(0) { $0 + Double($1) } / 30 / 200
    }
    // 6,000 draws of values of their own size: a hundredth and a half.
    #expect(abs(mean - expected) < 0.05 * expected)
  }

  @Test(
    "copies of an example score the same; one worker and two give the same bits",
    arguments: MethodTable.ofCheckpoints.filter {
      // Of random orders two copies stand in different places.
      !$0.readsFeatures && $0 != .freeShap && !$0.replays
    })
  func copies(method: Method) throws {
    let base = Problem.classes(24, seed: 6)
    let data = base.subset(Array(0..<24) + [3])
    let (queries, source) = (Problem.classes(4, seed: 7), Problem.source(seed: 8))
    func scores(_ workers: Int) throws -> Matrix<Float> {
      try Execution.with(workers: workers) {
        try Self.model(source, data, method, damping: .timesMeanEigenvalue(2)).scores(queries)
      }
    }
    let one = try scores(1)
    #expect(one == (try scores(2)))
    for q in 0..<4 { #expect(abs(one[q, 3] - one[q, 24]) <= 1e-5 * abs(one[q, 3])) }
  }

  @Test("what a method cannot do is refused by a sentence before any work")
  func refusals() throws {
    let data = Problem.classes(10, seed: 1)
    let source = Problem.source(seed: 1)
    func text(_ body: () throws -> Void) -> String { diagnosed(body)?.what ?? "nothing" }
    #expect(
      text {
        _ = try ScoringOptions(
          method: .ekfac, classification: true, exampleWeight: nil,
          damping: .generalisedCrossValidation)
      }
        == "damping gcv is not defined here: it is chosen on the kernel of a ridge model, and "
        + "ekfac has none")
    #expect(
      text {
        _ = try ScoringOptions(
          method: .ekfac, classification: true, exampleWeight: nil, curvature: .hessian)
      }
        == "curvature hessian is not defined here: ekfac goes by trueFisher or empiricalFisher")
    #expect(
      text {
        _ = try ScoringOptions(
          method: .trak, classification: true, exampleWeight: nil, curvature: .hessian)
      } == "curvature hessian is not defined here: trak has none")
    let folder = try ScratchFolder()
    #expect(
      text {
        _ = try Problem.features(
          [source], data,
          ScoringOptions(method: .ekfac, classification: true, exampleWeight: nil),
          in: folder.path)
      }
        == "ekfac is not defined here: it takes gradients as they are, layer by layer, and "
        + "features are projections of them")
    let wide = Problem.source(features: 100, hidden: [60], seed: 1)
    let large = Problem.classes(10, features: 100, seed: 1)
    #expect(
      text { _ = try Self.model(wide, large, .influenceExact) }
        == "if-exact is not defined here: it takes at most 5000 parameters, and gradients are by "
        + "6243")
  }
}
