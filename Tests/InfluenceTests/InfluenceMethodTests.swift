import Datasets
import Factors
import Foundation
import Gradients
import LinearAlgebra
import Networks
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Other methods of the field")
struct InfluenceMethodTests {
  typealias Method = Influence.Method
  let data = Problem.classes(40, seed: 1)
  let queries = Problem.classes(5, seed: 2)
  let source = Problem.source(seed: 3)

  /// Rows of each block's gradients in fp64.
  private func blocks(_ data: Dataset, _ function: OutputFunction) throws -> [Plain.Rows] {
    try source.factored(data, .output(function)).blocks.map { block in
      let rows = block.fullGradients(count: data.count)
      return (0..<data.count).map { rows.row($0).map(Double.init) }
    }
  }

  @Test("datainf is the mean of the inverses of every example's own matrix, layer by layer")
  func dataInf() throws {
    var expected = [Double](repeating: 0, count: 5 * 40)
    for (g, x) in zip(try blocks(data, .loss), try blocks(queries, .margin)) {
      let d = g[0].count
      let damping = 0.1 * g.reduce(0) { $0 + Plain.dot($1, $1) } / Double(40 * d)
      var inverse = Plain.Rows(repeating: [Double](repeating: 0, count: d), count: d)
      for row in g {
        let own = Plain.inverse(
          Plain.damped(row.map { a in row.map { a * $0 } }, damping))
        for a in 0..<d { for b in 0..<d { inverse[a][b] += own[a][b] / 40 } }
      }
      for q in 0..<5 {
        let v = Plain.apply(inverse, x[q])
        for i in 0..<40 { expected[q * 40 + i] += Plain.dot(v, g[i]) / 40 }
      }
    }
    let model = try FisherTests.model(source, data, .dataInf, function: .margin)
    #expect(relativeDifference(try model.scores(queries).elements, expected) < 1e-4)
  }

  @Test("logra without a projection is the empirical Fisher matrix of each layer, inverted")
  func logra() throws {
    var expected = [Double](repeating: 0, count: 5 * 40)
    var (self_, asked) = (
      [Double](repeating: 0, count: 40), [Double](repeating: 0, count: 5)
    )
    for (g, x) in zip(try blocks(data, .loss), try blocks(queries, .margin)) {
      var gram = Plain.gram(g)
      for a in gram.indices { for b in gram.indices { gram[a][b] /= 40 } }
      let damping = 0.1 * Plain.trace(gram) / Double(gram.count)
      let inverse = Plain.inverse(Plain.damped(gram, damping))
      for i in 0..<40 { self_[i] += Plain.dot(g[i], Plain.apply(inverse, g[i])) }
      for q in 0..<5 {
        let v = Plain.apply(inverse, x[q])
        asked[q] += Plain.dot(v, x[q])
        for i in 0..<40 { expected[q * 40 + i] += Plain.dot(v, g[i]) }
      }
    }
    let model = try FisherTests.model(source, data, .logra, function: .margin)
    #expect(
      relativeDifference(try model.scores(queries).elements, expected.map { $0 / 40 }) < 1e-3)
    let cosine = try FisherTests.model(source, data, .trackstar, function: .margin)
    let cosines = expected.enumerated().map { place, value in
      value / (self_[place % 40] * asked[place / 40]).squareRoot()
    }
    #expect(relativeDifference(try cosine.scores(queries).elements, cosines) < 1e-3)
  }

  @Test("logra on projected sides keeps what it is of: its directions are those of the parameters")
  func projected() throws {
    let wide = Problem.source(features: 60, hidden: [30], seed: 5)
    let many = Problem.classes(50, features: 60, seed: 6)
    let context = try context(.logra, wide, many)
    let fisher = try ProjectedFisher(context, source: wide, training: many)
    let own = try wide.factored(many.subset(Array(0..<4)), .output(.loss))
    let solved = try fisher.solve(own)
    let through = fisher.seen(own).products(with: solved)
    let lifted = own.products(with: fisher.lifted(solved))
    #expect(relativeDifference(through.elements, lifted.elements) < 1e-4)
    #expect(fisher.notes[0].contains("at most 24 × 24 a layer"))
  }

  private func context(
    _ method: Method, _ source: GradientSource, _ data: Dataset
  ) throws -> ScoringContext {
    ScoringContext(
      method: method,
      options: try ScoringOptions(method: method, classification: true, exampleWeight: nil),
      training: data, checkpoint: Problem.exact([source], data)[0], diagnoses: false,
      scales: { nil }, control: .silent)
  }

  @Test("relatif: ekfac over the example's own lengths; a copy of the query has the largest of all")
  func relatif() throws {
    let plain = try FisherTests.model(source, data, .ekfac)
    let scores = try plain.scores(data)
    let own = try plain.selfInfluence()
    let relative = try FisherTests.model(source, data, .relatif).scores(data)
    var expected: [Double] = []
    for q in 0..<40 {
      for i in 0..<40 {
        expected.append(Double(scores[q, i]) / (40 * Double(own[i])).squareRoot())
      }
    }
    #expect(relativeDifference(relative.elements, expected) < 1e-4)
    for q in 0..<40 {
      let row = relative.row(q)
      #expect(row[q] >= (row.max() ?? 0) * (1 - 1e-5), "query \(q)")
    }
    let units = try FisherTests.model(source, data, .ekfacUnit).scores(queries)
    let norms = try source.factored(data, .output(.loss)).squaredNorms().map { $0.squareRoot() }
    let base = try plain.scores(queries)
    for q in 0..<5 {
      #expect(
        relativeDifference(units.row(q), zip(base.row(q), norms).map { $0 / $1 }) < 1e-4)
    }
    let theta = try FisherTests.model(source, data, .relatifParameters).scores(queries)
    #expect(theta.elements.allSatisfy { $0.isFinite } && theta != units)
  }

  @Test("knnshapley: the mean of marginal gains over all orders of six examples, by hand")
  func neighbours() throws {
    let small = Problem.classes(6, seed: 11)
    let asked = Problem.classes(3, seed: 12)
    let scorer = try KNNShapley(context(.knnShapley, source, small))
    let layer = try LastLayer(context(.knnShapley, source, small))
    let (own, theirs) = (
      try layer.features(of: small).features, try layer.features(of: asked).features
    )
    let labels = try #require(small.classes)
    let wanted = try #require(asked.classes)
    let k = KNNShapley.neighbours
    func value(_ set: [Int], _ q: Int) -> Double {
      let near = set.sorted { a, b in
        func distance(_ i: Int) -> Double {
          var sum = 0.0
          for (x, y) in zip(own.row(i), theirs.row(q)) { sum += Double((x - y) * (x - y)) }
          return sum
        }
        return distance(a) < distance(b)
      }.prefix(k)
      return Double(near.count { labels[$0] == wanted[q] }) / Double(k)
    }
    let scores = try scorer.scores(of: asked, mean: false).block(0..<6)
    for q in 0..<3 {
      var exact = [Double](repeating: 0, count: 6)
      // Every subset of the others with the weight |S|! (5 − |S|)! / 6!.
      let weights: [Double] = [1.0 / 6, 1.0 / 30, 1.0 / 60, 1.0 / 60, 1.0 / 30, 1.0 / 6]
      for i in 0..<6 {
        let others = (0..<6).filter { $0 != i }
        for bits in 0..<32 {
          let set = others.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element)
          exact[i] += weights[set.count] * (value(set + [i], q) - value(set, q))
        }
      }
      #expect(relativeDifference(scores.row(q), exact) < 1e-5, "query \(q)")
    }
  }

  @Test("representer: the shares add up to the refitted layer's outputs")
  func representer() throws {
    let asked = try context(.representer, source, data)
    let scorer = try Representer(asked)
    #expect(scorer.notes.allSatisfy { !$0.hasPrefix("NOT") })
    // Σ_i α_i ⟨h_i, h_x⟩ is Θh_x with Θ = Σ α_i h_iᵀ, whose loss has no gradient.
    let layer = try LastLayer(asked)
    let (h, _) = try layer.features(of: data)
    let fit = LastLayerFit.fit(
      Matrix(
        (0..<40).flatMap { h.row($0) + [1] }, rows: 40, columns: h.columns + 1),
      targets: TargetValues(data.targets), outputs: 3, loss: .crossEntropy,
      penalty: try #require(scorer.damping).damping)
    #expect(fit.residual <= LastLayerFit.tolerance)
    var theta = Plain.Rows(repeating: [Double](repeating: 0, count: h.columns + 1), count: 3)
    for c in 0..<3 {
      for i in 0..<40 {
        let row = h.row(i) + [1]
        for j in row.indices { theta[c][j] += Double(fit.values[i, c]) * Double(row[j]) }
      }
    }
    let labels = try #require(data.classes)
    var gradient = [Double](repeating: 0, count: 3 * (h.columns + 1))
    for i in 0..<40 {
      let row = h.row(i).map(Double.init) + [1]
      let z = theta.map { Plain.dot($0, row) }
      let total = z.reduce(0) { $0 + exp($1) }
      for c in 0..<3 {
        let slope = exp(z[c]) / total - (Int(labels[i]) == c ? 1 : 0)
        for j in row.indices { gradient[c * row.count + j] += slope * row[j] / 40 }
      }
    }
    let penalty = try #require(scorer.damping).damping
    let expected = theta.flatMap { $0.map { -2 * penalty * $0 } }
    #expect(relativeDifference(gradient, expected) < 1e-3)
  }

  @Test("freeshap: orders add up to the whole prediction; few examples against all subsets")
  func shapley() throws {
    let small = Problem.classes(5, seed: 21)
    let model = try FisherTests.model(source, small, .freeShap, function: .logit)
    let scores = try model.scores(queries)
    let jacobian = try source.jacobian(small)
    let asked = try source.jacobian(queries)
    func kernel(_ a: [[[Double]]], _ i: Int, _ b: [[[Double]]], _ j: Int) -> Double {
      var sum = 0.0
      for c in 0..<3 { sum += Plain.dot(a[c][i], b[c][j]) / 3 }
      return sum
    }
    let k = (0..<5).map { i in (0..<5).map { kernel(jacobian, i, jacobian, $0) } }
    let damping = 0.1 * Plain.trace(k) / 5
    let targets = small.targets.centred(outputs: 3)
    let wanted = try #require(queries.classes)
    let weights: [Double] = [1.0 / 5, 1.0 / 20, 1.0 / 30, 1.0 / 20, 1.0 / 5]
    var found: [Double] = []
    for q in 0..<5 {
      let row = (0..<5).map { kernel(asked, q, jacobian, $0) }
      let y = (0..<5).map { targets[$0, Int(wanted[q])] }
      func value(_ set: [Int]) -> Double {
        set.isEmpty
          ? 0 : Plain.ridge(kernel: k, targets: y, rows: set, damping: damping, query: row)
      }
      for i in 0..<5 {
        let others = (0..<5).filter { $0 != i }
        var gain = 0.0
        for bits in 0..<16 {
          let set = others.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element)
          gain += weights[set.count] * (value(set + [i]) - value(set))
        }
        found.append(gain)
      }
      let total = scores.row(q).reduce(0.0) { $0 + Double($1) }
      #expect(abs(total - value(Array(0..<5))) < 1e-4)
    }
    // Twenty of 120 orders.
    #expect(relativeDifference(scores.elements, found) < 0.25)
    #expect(try model.notes().contains { $0.contains("20 random orders") })
  }

  @Test("lood: the distance that the regression's outputs move by, with the sign of ntk-loo")
  func distance() throws {
    let options = DampingRule.standard
    let scores = try Problem.model([source], data, .lood, function: .margin, damping: options)
      .scores(queries)
    let signed = try Problem.model(
      [source], data, .ntkLeaveOneOut, function: .margin, damping: options
    ).scores(queries)
    let jacobian = try source.jacobian(data)
    let asked = try source.jacobian(queries)
    func kernel(_ a: [[[Double]]], _ i: Int, _ j: Int) -> Double {
      var sum = 0.0
      for c in 0..<3 { sum += Plain.dot(a[c][i], jacobian[c][j]) / 3 }
      return sum
    }
    let k: Plain.Rows = (0..<40).map { i in (0..<40).map { kernel(jacobian, i, $0) } }
    let damping = Plain.trace(k) / 40
    let targets = data.targets.centred(outputs: 3)
    for i in [0, 7, 31] {
      let rest = (0..<40).filter { $0 != i }
      for q in 0..<5 {
        let row: [Double] = (0..<40).map { kernel(asked, q, $0) }
        var square = 0.0
        for c in 0..<3 {
          let y = (0..<40).map { targets[$0, c] }
          let move =
            Plain.ridge(
              kernel: k, targets: y, rows: Array(0..<40), damping: damping, query: row)
            - Plain.ridge(kernel: k, targets: y, rows: rest, damping: damping, query: row)
          square += move * move
        }
        let expected = signed[q, i] < 0 ? -square.squareRoot() : square.squareRoot()
        #expect(abs(Double(scores[q, i]) - expected) < 2e-3 * abs(expected), "\(i) \(q)")
      }
    }
  }

  @Test(
    "a copy of an uncertain query is among its most helpful, whatever the method",
    arguments: MethodTable.signed)
  func copy(method: Method) throws {
    // A trained-looking network: classes follow the first input.
    let base = SignTests.clouds(60, seed: 5)
    let source = try SignTests.trained(base, steps: 60)
    let scores = try Problem.model(
      [source], base, method,
      damping: method.needs.contains(.damping)
        ? .timesMeanEigenvalue(0.5) : .standard
    ).scores(base)
    let p = source.outputs(of: base).softmax()
    let labels = try #require(base.classes)
    let uncertain = (0..<60).filter { p[$0 * 2 + Int(labels[$0])] < 0.5 }
    #expect(!uncertain.isEmpty)
    for q in uncertain {
      let row = scores.row(q)
      #expect(row.count { $0 > row[q] } < 6, "\(method) query \(q)")
    }
  }
}
