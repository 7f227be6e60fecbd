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

@Suite("Influence by the curvature of the whole loss")
struct HessianInfluenceTests {
  typealias Method = Influence.Method

  /// G or H of the mean loss in fp64: Σ Jᵀ B J from Jacobians; H by differences of gradients.
  private func dense(_ source: GradientSource, _ data: Dataset) throws -> Plain.Rows {
    let jacobian = try source.jacobian(data)
    let outputs = source.outputs(of: data).softmax()
    let p = source.parameterCount
    var sum = Plain.Rows(repeating: [Double](repeating: 0, count: p), count: p)
    let classes = jacobian.count
    for i in 0..<data.count {
      for c in 0..<classes {
        for k in 0..<classes {
          let (a, b) = (Double(outputs[i * classes + c]), Double(outputs[i * classes + k]))
          let bend = classes == 1 ? 1 : (c == k ? a : 0) - a * b
          let (u, v) = (jacobian[c][i], jacobian[k][i])
          for r in 0..<p { for s in 0..<p { sum[r][s] += bend * u[r] * v[s] / Double(data.count) } }
        }
      }
    }
    return sum
  }

  @Test(
    "if-exact and if-cg are the dense solve in fp64; arnoldi in the whole space, too",
    arguments: [Method.influenceExact, .influenceByCG, .influenceByArnoldi, .influenceByLiSSA])
  func denseSolve(method: Method) throws {
    let (data, queries) = (Problem.classes(40, seed: 1), Problem.classes(4, seed: 2))
    let source = Problem.source(features: 3, hidden: [4], seed: 3)
    let own = data.subset(Array(0..<40))
    let small = Dataset(
      inputs: Problem.values([40, 3], seed: 9), targets: own.targets)
    let asked = Dataset(inputs: Problem.values([4, 3], seed: 10), targets: queries.targets)
    let matrix = try dense(source, small)
    let damping = 0.05
    let inverse = Plain.inverse(Plain.damped(matrix, damping))
    let (g, x) = (try source.full(small, .loss), try source.full(asked, .margin))
    let expected = x.flatMap { row in
      let v = Plain.apply(inverse, row)
      return g.map { Plain.dot(v, $0) / 40 }
    }
    let model = try FisherTests.model(
      source, small, method, function: .margin, damping: .value(damping))
    let scores = try model.scores(asked).elements
    // Arnoldi drops what does not bend the loss: there ∇ℓ has nothing either, but for rounding.
    let tolerance = ["if-exact": 1e-4, "if-cg": 2e-3, "if-arnoldi": 1e-2, "if-lissa": 2e-2]
    let notes = try model.notes()
    #expect(
      relativeDifference(scores, expected) < tolerance[method.name] ?? 0, "\(method): \(notes)")
  }

  @Test("the Hessian is the Gauss–Newton matrix of a linear model; of others it may not be solved")
  func hessian() throws {
    let data = SignTests.clouds(40, seed: 3)
    let source = try SignTests.trained(data, steps: 50)
    func scores(_ curvature: Curvature) throws -> [Float] {
      try FisherTests.model(
        source, data, .influenceExact, damping: .value(0.01), curvature: curvature
      ).scores(data).elements
    }
    #expect(relativeDifference(try scores(.hessian), try scores(.gaussNewton)) < 1e-4)
    let classes = Problem.classes(30, seed: 1)
    let error = diagnosed {
      _ = try FisherTests.model(
        Problem.source(seed: 3), classes, .influenceExact, damping: .value(1e-6),
        curvature: .hessian
      ).scores(classes)
    }
    #expect(
      error?.what
        == "the curvature of the training loss plus λ = 1e-06 is not positive definite")
  }

  /// Ridge regression in fp64, its minimum without some examples (their weights 0).
  private func ridge(
    _ x: Plain.Rows, _ t: [Double], decay: Double, without: Int? = nil
  ) -> [Double] {
    let n = Double(x.count)
    let p = x[0].count
    var a = Plain.Rows(repeating: [Double](repeating: 0, count: p), count: p)
    var b = [Double](repeating: 0, count: p)
    for (i, row) in x.enumerated() where i != without {
      for r in 0..<p {
        b[r] += row[r] * t[i] / n
        for s in 0..<p { a[r][s] += row[r] * row[s] / n }
      }
    }
    return Plain.apply(Plain.inverse(Plain.damped(a, decay)), b)
  }

  /// The slope through the origin's neighbourhood and the correlation of `found` on `truth`.
  private func line(_ found: [Double], _ truth: [Double]) -> (slope: Double, correlation: Double) {
    let (mx, my) = (
      found.reduce(0, +) / Double(found.count), truth.reduce(0, +) / Double(truth.count)
    )
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for (x, y) in zip(found, truth) {
      xx += (x - mx) * (x - mx)
      yy += (y - my) * (y - my)
      xy += (x - mx) * (y - my)
    }
    return (xy / xx, xy / (xx * yy).squareRoot())
  }

  @Test(
    "ridge regression: scores are the changes of exact refits without each example",
    arguments: [Method.influenceExact, .influenceByCG])
  func ridgeRefits(method: Method) throws {
    let (n, decay) = (1_600, 0.05)
    let data = Problem.numbers(n, features: 3, seed: 21)
    let queries = Problem.numbers(6, features: 3, seed: 22)
    guard case .values(let targets) = data.targets else { return }
    let t = targets.elements.map(Double.init)
    func rows(_ data: Dataset) -> Plain.Rows {
      (0..<data.count).map { i in (0..<3).map { Double(data.inputs[i * 3 + $0]) } + [1] }
    }
    let whole = ridge(rows(data), t, decay: decay)
    let network = Network.multilayerPerceptron(inputShape: [3], hidden: [], outputs: 1)
    let source = GradientSource(
      network: network, parameters: Tensor(whole.map { Float($0) }, shape: [4]))
    let scores = try FisherTests.model(
      source, data, method, function: .prediction, damping: .value(decay)
    ).scores(queries)
    var (found, truth): ([Double], [Double]) = ([], [])
    for i in stride(from: 0, to: n, by: 32) {
      let without = ridge(rows(data), t, decay: decay, without: i)
      for (q, x) in rows(queries).enumerated() {
        found.append(Double(scores[q, i]))
        truth.append(Plain.dot(x, whole) - Plain.dot(x, without))
      }
    }
    let fit = line(found, truth)
    #expect(fit.correlation > 0.999 && abs(fit.slope - 1) < 0.01, "\(fit)")
  }

  @Test("logistic regression: scores are the changes of exact refits without each example")
  func logisticRefits() throws {
    let (n, decay) = (900, 0.05)
    let data = SignTests.clouds(n, seed: 31)
    let queries = SignTests.clouds(5, seed: 32)
    let network = Network.multilayerPerceptron(inputShape: [3], hidden: [], outputs: 2)
    // Newton's method in fp64 on two classes of weights, of the mean loss with one weight at 0.
    let x = (0..<n).map { i in (0..<3).map { Double(data.inputs[i * 3 + $0]) } + [1.0] }
    let y = (data.classes ?? []).map(Int.init)
    func minimum(from start: [Double], steps: Int = 3, without: Int? = nil) -> [Double] {
      var w = start
      for _ in 0..<steps {
        var g = w.map { $0 * decay }
        var h = Plain.Rows(repeating: [Double](repeating: 0, count: 8), count: 8)
        for k in 0..<8 { h[k][k] = decay }
        for i in 0..<n where i != without {
          let z = (0..<2).map { c in Plain.dot(Array(w[c * 4..<c * 4 + 4]), x[i]) }
          let p1 = 1 / (1 + exp(z[0] - z[1]))
          let p = [1 - p1, p1]
          for c in 0..<2 {
            for a in 0..<4 {
              g[c * 4 + a] += (p[c] - (y[i] == c ? 1 : 0)) * x[i][a] / Double(n)
              for d in 0..<2 {
                let bend = (c == d ? p[c] : 0) - p[c] * p[d]
                for b in 0..<4 { h[c * 4 + a][d * 4 + b] += bend * x[i][a] * x[i][b] / Double(n) }
              }
            }
          }
        }
        let step = Plain.apply(Plain.inverse(h), g)
        for k in 0..<8 { w[k] -= step[k] }
      }
      return w
    }
    func margin(_ w: [Double], _ q: Int) -> Double {
      let row = (0..<3).map { Double(queries.inputs[q * 3 + $0]) } + [1.0]
      let z = (0..<2).map { Plain.dot(Array(w[$0 * 4..<$0 * 4 + 4]), row) }
      let own = Int(queries.classes?[q] ?? 0)
      return z[own] - z[1 - own]
    }
    let whole = minimum(from: [Double](repeating: 0, count: 8), steps: 7)
    // The network has its weight, 2 × 3, then its biases.
    let flat = [0, 1, 2, 4, 5, 6, 3, 7].map { Float(whole[$0]) }
    let source = GradientSource(network: network, parameters: Tensor(flat, shape: [8]))
    let scores = try FisherTests.model(
      source, data, .influenceExact, function: .margin, damping: .value(decay)
    ).scores(queries)
    var (found, truth): ([Double], [Double]) = ([], [])
    for i in stride(from: 0, to: n, by: 36) {
      let without = minimum(from: whole, without: i)
      for q in 0..<5 {
        found.append(Double(scores[q, i]))
        truth.append(margin(whole, q) - margin(without, q))
      }
    }
    let fit = line(found, truth)
    #expect(fit.correlation > 0.999 && abs(fit.slope - 1) < 0.01, "\(fit)")
  }

  @Test("the sketch halves the steps of conjugate gradients on a trained network, at least")
  func preconditioned() throws {
    let run = try DigitsRun(examples: 300)
    let data = run.influence.data.train
    let network = Network.multilayerPerceptron(inputShape: [64], hidden: [16], outputs: 10)
    var w = network.initialParameters(seed: 1)
    for _ in 0..<40 {
      let gradient = try network.lossGradient(
        data.inputs, TargetValues(data.targets), parameters: w, loss: .crossEntropy,
        scale: 1 / Double(data.count)
      ).parameters
      w = w - gradient.scaled(by: 0.5)
    }
    let source = GradientSource(network: network, parameters: w)
    let fisher = try EigenFisher(
      of: data, source: source, form: .ekfac, curvature: .trueFisher,
      rule: .timesMeanEigenvalue(0.1), isGlobal: true, checkpoint: "c")
    let curvature = try TrainingCurvature(of: data, source: source, curvature: .gaussNewton)
    let gradients = GradientDirections(
      try source.factored(data.subset(Array(0..<4)), .output(.loss)))
    func solved(
      _ preconditioner: (any Preconditioner)?
    ) throws -> (GradientDirections, ConjugateGradients.Outcome) {
      try ConjugateGradients(
        curvature, damping: fisher.damping, preconditioner: preconditioner
      ).solved(gradients)
    }
    let sketch = try #require(
      try NystromSketch(curvature, damping: fisher.damping.damping))
    let (plain, with, byFisher) = (try solved(nil), try solved(sketch), try solved(fisher))
    let total = { (outcome: ConjugateGradients.Outcome) in outcome.steps.reduce(0, +) }
    #expect(2 * total(with.1) <= total(plain.1), "\(with.1.steps) of \(plain.1.steps)")
    for outcome in [plain.1, with.1, byFisher.1] {
      #expect(outcome.residuals.allSatisfy { $0 < 1.5e-3 } && !outcome.isIndefinite)
    }
    // Whatever the preconditioner, the same solutions.
    for (a, b) in zip(with.0.blocks, byFisher.0.blocks) {
      #expect(relativeDifference(a.elements, b.elements) < 0.05)
    }
  }

  @Test("a solve that does not converge says so")
  func notConverged() throws {
    let data = Problem.classes(60, seed: 1)
    let source = Problem.source(seed: 3)
    let curvature = try TrainingCurvature(of: data, source: source, curvature: .gaussNewton)
    let damping = DampingReport(rule: .value(1e-5), damping: 1e-5, meanEigenvalue: 1)
    let solver = ConjugateGradients(
      curvature, damping: damping, preconditioner: nil, ending: .init(residual: 1e-3, steps: 2))
    let gradients = GradientDirections(
      try source.factored(data.subset(Array(0..<3)), .output(.loss)))
    _ = try solver.solve(gradients)
    #expect(solver.notes.contains { $0.hasPrefix("NOT CONVERGED: 3 of 3 solves") })
    let series = try LiSSA(curvature, damping: damping, batch: 20, steps: 5)
    _ = try series.solve(gradients)
    #expect(series.notes.contains { $0.hasPrefix("NOT CONVERGED") })
  }
}
