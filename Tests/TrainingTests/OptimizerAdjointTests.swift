// Letters: p parameters, Q objectives.
import Tensors
import TestSupport
import Testing

@testable import Training

/// One step of an optimizer in double precision, written from PyTorch's documentation.
private func plainStep(
  _ optimizer: OptimizerConfiguration, _ p: inout [Double], _ buffers: inout [[Double]],
  gradient: [Double], rate: Double, step: Int
) {
  for i in p.indices {
    switch optimizer {
    case .sgd(let momentum, let nesterov, let decay):
      let d = gradient[i] + decay * p[i]
      if momentum == 0 {
        p[i] -= rate * d
        continue
      }
      buffers[0][i] = momentum * buffers[0][i] + d
      p[i] -= rate * (nesterov ? d + momentum * buffers[0][i] : buffers[0][i])
    case .adam(let beta1, let beta2, let epsilon, let decay),
      .adamw(let beta1, let beta2, let epsilon, let decay):
      var d = gradient[i]
      if case .adam = optimizer { d += decay * p[i] } else { p[i] -= rate * decay * p[i] }
      buffers[0][i] = beta1 * buffers[0][i] + (1 - beta1) * d
      buffers[1][i] = beta2 * buffers[1][i] + (1 - beta2) * d * d
      var (first, second) = (1.0, 1.0)
      for _ in 0...step { (first, second) = (first * beta1, second * beta2) }
      let size = (buffers[1][i] / (1 - second)).squareRoot() + epsilon
      p[i] -= rate * (buffers[0][i] / (1 - first)) / size
    }
  }
}

/// A state before a step, with everything else that the step depends on.
private struct StepCase {
  var p: [Double]
  var buffers: [[Double]]
  var gradient: [Double]
  let optimizer: OptimizerConfiguration
  var rate = 0.05
  let step: Int

  /// Numbers that float32 has; second moments far from 0, where √ is steep.
  init(_ optimizer: OptimizerConfiguration, seed: Int, count: Int = 6, step: Int = 2) {
    var state = UInt64(seed + 1) &* 0x9E37_79B9_7F4A_7C15
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(Float(Int64(state >> 40) - (1 << 23)) / Float(1 << 23))
    }
    (self.optimizer, self.step) = (optimizer, step)
    p = (0..<count).map { _ in next() }
    gradient = (0..<count).map { _ in next() }
    buffers = (0..<optimizer.bufferCount).map { buffer in
      (0..<count).map { _ in buffer == 1 ? Double(Float(0.3 + abs(next()))) : next() }
    }
  }

  /// Σ weights · (θ′, buffers′).
  func objective(_ weights: [[Double]]) -> Double {
    var (p, buffers) = (p, buffers)
    plainStep(optimizer, &p, &buffers, gradient: gradient, rate: rate, step: step)
    var sum = 0.0
    for (weight, state) in zip(weights, [p] + buffers) {
      for (a, b) in zip(weight, state) { sum += a * b }
    }
    return sum
  }

  var tensors: (optimizer: Optimizer, parameters: Tensor, gradient: Tensor) {
    var state = Optimizer(optimizer, parameterCount: p.count)
    for (index, values) in buffers.enumerated() {
      state.buffers[index].value = tensor(values)
    }
    return (state, tensor(p), tensor(gradient))
  }

  /// The adjoints before the step of Q objectives with one weight each for the state after it.
  func pulledBack(
    _ weights: [[[Double]]], ranges: [Range<Int>]? = nil
  ) -> (state: StateAdjoint, gradient: Matrix<Double>) {
    let (state, parameters, gradient) = tensors
    var adjoint = StateAdjoint(
      parameters: matrix(weights.map { $0[0] }),
      buffers: buffers.indices.map { index in matrix(weights.map { $0[index + 1] }) })
    let ofGradient = state.pullBack(
      &adjoint, parameters: parameters, gradient: gradient, rate: rate, step: step, ranges: ranges)
    return (adjoint, ofGradient)
  }
}

private func tensor(_ values: [Double]) -> Tensor {
  Tensor(values.map { Float($0) }, shape: [values.count])
}

private func matrix(_ rows: [[Double]]) -> Matrix<Double> {
  Matrix(rows.flatMap { $0 }, rows: rows.count, columns: rows[0].count)
}

private let optimizers: [OptimizerConfiguration] = [
  .sgd(), .sgd(weightDecay: 0.03), .sgd(momentum: 0.9), .sgd(momentum: 0.8, weightDecay: 0.03),
  .sgd(momentum: 0.9, nesterov: true, weightDecay: 0.03), .adam(), .adam(weightDecay: 0.03),
  .adam(beta1: 0, beta2: 0.9, epsilon: 0.1), .adamw(), .adamw(beta1: 0.8, weightDecay: 0.3),
]

@Suite("Optimizer adjoints", .serialized)
struct OptimizerAdjointTests {
  /// λ after the step, other numbers for each part.
  private func weights(_ work: StepCase, seed: Int = 0) -> [[Double]] {
    (0...work.buffers.count).map { part in
      work.p.indices.map { Double(($0 * 7 + part * 3 + seed * 5) % 11) / 4 - 1 }
    }
  }

  @Test("Nesterov's step back is what a hand computes")
  func byHand() {
    // η = ½, μ = ½, w = ¼: u = 3 − ¼ · 4 = 2, λd = 2 − ½ · 4 = 0, λv = 1, λθ = 4.
    var work = StepCase(.sgd(momentum: 0.5, nesterov: true, weightDecay: 0.25), seed: 0, count: 1)
    work.rate = 0.5
    let (state, gradient) = work.pulledBack([[[4], [3]]])
    #expect(state.parameters.elements == [4] && state.buffers[0].elements == [1])
    #expect(gradient.elements == [0])
  }

  @Test("Adam's first step back is what a hand computes")
  func adamByHand() throws {
    // t = 1, β = ½, ε = 1, η = 1: d = 2, m′ = 1, v′ = 2, a = 2, c = √2, s = √2·√2 + 1 = 3.
    // λθ′ = 9, λm′ = 1, λv′ = 2: M = 1 − ⅔ · 9 = −5, V = 2 + (2 · 1 · √2/(2 · 9 · √2)) · 9 = 3,
    // λd = ½ · −5 + 2 · ½ · 2 · 3 = 3.5.
    var work = StepCase(
      .adam(beta1: 0.5, beta2: 0.5, epsilon: 1, weightDecay: 0), seed: 0, count: 1, step: 0)
    (work.p, work.gradient, work.buffers, work.rate) = ([1], [2], [[0], [0]], 1)
    let (state, gradient) = work.pulledBack([[[9], [1], [2]]])
    for (found, expected) in [
      (gradient.elements[0], 3.5), (state.parameters.elements[0], 9),
      (state.buffers[0].elements[0], -2.5), (state.buffers[1].elements[0], 1.5),
    ] { #expect(abs(found - expected) < 1e-14) }
  }

  @Test(
    "the plain step of these tests is the engine's, and its central differences are the adjoints",
    arguments: optimizers.indices)
  func differences(index: Int) {
    for (seed, step) in [(1, 0), (2, 2), (3, 40)] {
      let work = StepCase(optimizers[index], seed: seed, step: step)
      var (state, parameters, gradient) = work.tensors
      state.update(&parameters, gradient: gradient, rate: work.rate, step: step)
      var plain = work
      plainStep(
        work.optimizer, &plain.p, &plain.buffers, gradient: work.gradient, rate: work.rate,
        step: step)
      #expect(relativeDifference(parameters.elements, plain.p) < 1e-6, "seed \(seed)")
      for (buffer, values) in zip(state.buffers, plain.buffers) {
        #expect(relativeDifference(buffer.value.elements, values) < 1e-6, "seed \(seed)")
      }
      let weights = weights(work, seed: seed)
      let (adjoint, ofGradient) = work.pulledBack([weights])
      /// By every number of a part of the case.
      func derivatives(_ part: WritableKeyPath<StepCase, [Double]>) -> [Double] {
        work.p.indices.map { i in
          let h = 1e-5
          var (above, below) = (work, work)
          above[keyPath: part][i] += h
          below[keyPath: part][i] -= h
          return (above.objective(weights) - below.objective(weights)) / (2 * h)
        }
      }
      // h² of the third derivative, and rounding over h.
      let tolerance = 1e-8
      #expect(
        relativeDifference(adjoint.parameters.elements, derivatives(\.p)) < tolerance,
        "seed \(seed)")
      #expect(
        relativeDifference(ofGradient.elements, derivatives(\.gradient)) < tolerance,
        "seed \(seed)")
      for buffer in work.buffers.indices {
        #expect(
          relativeDifference(
            adjoint.buffers[buffer].elements, derivatives(\.buffers[buffer])) < tolerance,
          "seed \(seed), buffer \(buffer)")
      }
    }
  }

  @Test("many objectives at once are each of them alone, for any thread count")
  func objectives() {
    for optimizer in optimizers {
      let work = StepCase(optimizer, seed: 4, count: 5_000)
      let all = (0..<3).map { weights(work, seed: $0) }
      let together = Execution.with(workers: 1) { work.pulledBack(all) }
      let again = Execution.with(workers: 3) { work.pulledBack(all) }
      #expect(together.state.parameters.elements == again.state.parameters.elements)
      #expect(together.gradient.elements == again.gradient.elements)
      for (row, weights) in all.enumerated() {
        let alone = work.pulledBack([weights])
        #expect(together.gradient.row(row) == alone.gradient.elements)
        #expect(together.state.parameters.row(row) == alone.state.parameters.elements)
        for (a, b) in zip(together.state.buffers, alone.state.buffers) {
          #expect(a.row(row) == b.elements)
        }
      }
    }
  }

  @Test("what does not move keeps its adjoint, and owes nothing to its gradient")
  func frozen() {
    for optimizer in optimizers {
      let work = StepCase(optimizer, seed: 5)
      let weights = weights(work)
      let whole = work.pulledBack([weights])
      let part = work.pulledBack([weights], ranges: [1..<3, 5..<6])
      for i in work.p.indices {
        let moves = [1, 2, 5].contains(i)
        #expect(part.gradient[0, i] == (moves ? whole.gradient[0, i] : 0))
        #expect(
          part.state.parameters[0, i] == (moves ? whole.state.parameters[0, i] : weights[0][i]))
        for (index, buffer) in part.state.buffers.enumerated() {
          #expect(
            buffer[0, i] == (moves ? whole.state.buffers[index][0, i] : weights[index + 1][i]))
        }
      }
    }
  }

  @Test("where there was no gradient yet Adam's adjoint is the limit, not a number of its own")
  func noGradientYet() {
    var work = StepCase(.adam(beta1: 0.9, epsilon: 1e-3), seed: 6, count: 1, step: 0)
    (work.gradient, work.buffers) = ([0], [[0], [0]])
    let (state, gradient) = work.pulledBack([[[2], [0.5], [0.25]]])
    // λd = (1 − β₁)(λm′ − (a/ε) λθ′), a = η/(1 − β₁).
    let expected = 0.1 * (0.5 - 0.05 / 0.1 / 1e-3 * 2)
    #expect(abs(gradient[0, 0] / expected - 1) < 1e-12)
    #expect(state.parameters.elements == [2] && state.buffers[1].elements == [0.999 * 0.25])
    var weights = [[2.0], [0.5], [0.25]]
    // The difference quotient at a gradient so small that √v is nothing beside ε.
    (work.gradient, weights[1]) = ([1e-9], [0.5])
    let above = work.objective(weights)
    work.gradient = [-1e-9]
    #expect(abs((above - work.objective(weights)) / 2e-9 / expected - 1) < 1e-4)
  }

  private struct Reference: Decodable {
    struct Case: Decodable {
      let name: String, parameters: [Double], buffers: [[Double]], gradients: [[Double]]
      let weights: [[Double]], last: [Double], ofParameters: [Double], ofBuffers: [[Double]]
      let ofGradients: [[Double]]
    }
    let before: Int, rates: [Double], cases: [Case]
  }

  /// As the script has them.
  private static let named: [String: OptimizerConfiguration] = [
    "sgd": .sgd(weightDecay: 0.01), "momentum": .sgd(momentum: 0.9, weightDecay: 0.01),
    "nesterov": .sgd(momentum: 0.9, nesterov: true, weightDecay: 0.01),
    "adam": .adam(beta2: 0.99, weightDecay: 0.01),
    "adamw": .adamw(beta1: 0.8, epsilon: 1e-3, weightDecay: 0.1),
  ]

  @Test(
    "five steps under a schedule: PyTorch's autograd through its own optimizers",
    arguments: named.keys.sorted())
  func autograd(name: String) throws {
    let reference = try Fixture.load("optimizer_adjoints.json", as: Reference.self)
    let known = try #require(reference.cases.first { $0.name == name })
    let configuration = try #require(Self.named[name])
    var optimizer = Optimizer(configuration, parameterCount: known.parameters.count)
    for (index, values) in known.buffers.enumerated() {
      optimizer.buffers[index].value = tensor(values)
    }
    var parameters = tensor(known.parameters)
    var states: [(Optimizer, Tensor)] = []
    for (t, gradient) in known.gradients.enumerated() {
      states.append((optimizer, parameters))
      optimizer.update(
        &parameters, gradient: tensor(gradient), rate: reference.rates[t],
        step: reference.before + t)
    }
    #expect(relativeDifference(parameters.elements, known.last) < 1e-6)
    var adjoint = StateAdjoint(
      parameters: matrix([known.weights[0]]),
      buffers: known.weights.dropFirst().map { matrix([$0]) })
    // The states on the way are rounded to fp32; the steps' derivatives are not steep.
    let tolerance = 2e-6
    for t in known.gradients.indices.reversed() {
      let found = states[t].0.pullBack(
        &adjoint, parameters: states[t].1, gradient: tensor(known.gradients[t]),
        rate: reference.rates[t], step: reference.before + t)
      #expect(relativeDifference(found.elements, known.ofGradients[t]) < tolerance, "step \(t)")
    }
    #expect(relativeDifference(adjoint.parameters.elements, known.ofParameters) < tolerance)
    for (buffer, expected) in zip(adjoint.buffers, known.ofBuffers) {
      #expect(relativeDifference(buffer.elements, expected) < tolerance)
    }
  }
}
