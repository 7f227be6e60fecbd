// Letters: p parameters, Q objectives; λx = ∂L/∂x of an objective L, primes after the step.
//
// Goals, in this order: the derivative of the very step that `Optimizer.update` makes, directly
// below its formulas; double precision, since a run is thousands of steps and Adam divides by √v;
// the same bits for any thread count.
import Tensors

/// One step back through an optimizer, in double precision.
///
/// The step is seen as a function of state *and* gradient, (θ, buffers, g) → (θ′, buffers′). What g
/// itself owes to θ is the network's: add H λg to λθ (H the Hessian of the batch's mean loss), and
/// λg · ∇ℓ_i / B is what the objective changes by with example i's weight in this step. The rate is
/// a constant of the step, so that every schedule is covered; the engine clips no gradients.
extension Optimizer {
  /// Parameters a worker takes at a time.
  private static let adjointGrain = 1 << 11

  /// Takes adjoints from after a step to before it.
  ///
  ///     SGD        d = g + wθ             θ′ = θ − ηd
  ///                λg = λd = −η λθ′       λθ = λθ′ + w λd
  ///     momentum   v′ = μv + d            θ′ = θ − ηv′
  ///                u = λv′ − η λθ′        λd = u                 λv = μu
  ///     Nesterov   v′ = μv + d            θ′ = θ − η(d + μv′)
  ///                u = λv′ − ημ λθ′       λd = u − η λθ′         λv = μu
  ///     Adam       m′ = m + (1 − β₁)(d − m)      v′ = β₂v + (1 − β₂)d²
  ///                s = c√v′ + ε                  θ′ = σθ − a m′/s
  ///                a = η/(1 − β₁ᵗ)               c = 1/√(1 − β₂ᵗ)
  ///                M = λm′ − (a/s) λθ′           V = λv′ + (a m′ c/(2 s² √v′)) λθ′
  ///                λd = (1 − β₁)M + 2(1 − β₂)d V    λm = β₁M    λv = β₂V    λθ = σ λθ′ + w λd
  ///
  /// Adam: σ = 1, w the decay; AdamW: σ = 1 − η · decay, w = 0. λg = λd in all of them.
  ///
  /// Where v′ = 0 (no gradient yet) √v has no derivative: its term is 0, the limit along g → 0, so
  /// that λg = −(1 − β₁)(a/ε) λθ′ there. It is large (ε = 1e-8), but the gradients it meets are 0.
  ///
  /// - Parameters:
  ///   - adjoint: Q × p, of the state after the step; becomes that of the state before it.
  ///   - parameters: θ before the step, p values; `self` is the optimizer before the step.
  ///   - gradient: g, p values, as `update` was given it; nil where nothing depends on it
  ///     (`adjointNeedsGradient`).
  ///   - rate: η, the learning rate of the step.
  ///   - step: t − 1, from 0.
  ///   - ranges: what moved of the p values; nil: all. Elsewhere the state's adjoint stays.
  /// - Returns: λg, Q × p; 0 where nothing moved.
  /// - Complexity: O(Q p).
  /// - Precision: fp64 from the fp32 state, constants as configured (`update` rounds them to fp32:
  ///   relative differences of 6e-8). Each parameter's own arithmetic: same bits for any thread
  ///   count.
  /// - Source: reverse mode of PyTorch's formulas, as in Maclaurin et al. 2015 (arXiv:1502.03492) §2
  ///   without their reversal of the state, which is replayed instead (`Replay`).
  public func pullBack(
    _ adjoint: inout StateAdjoint, parameters: Tensor, gradient: Tensor?, rate: Double, step: Int,
    ranges: [Range<Int>]? = nil
  ) -> Matrix<Double> {
    let (p, q) = (parameters.count, adjoint.parameters.rows)
    precondition(gradient != nil || !adjointNeedsGradient, "\(configuration) without a gradient")
    precondition(
      gradient?.count ?? p == p && adjoint.parameters.columns == p
        && adjoint.buffers.count == buffers.count,
      "a gradient of \(gradient?.count ?? p) and adjoints of \(adjoint.parameters.columns), "
        + "\(adjoint.buffers.count) buffers; the optimizer has \(p) parameters, \(buffers.count)")
    let result = Matrix<Double>(rows: q, columns: p)
    let rows = AdjointRows(
      parameters: adjoint.parameters.writableStorage(),
      first: adjoint.buffers.isEmpty ? nil : adjoint.buffers[0].writableStorage(),
      second: adjoint.buffers.count < 2 ? nil : adjoint.buffers[1].writableStorage(),
      gradient: result.storage, count: q, width: p)
    let formula = formula(rate: rate, step: step)
    let (theta, g) = (parameters.storage, (gradient ?? parameters).storage)
    let state = buffers.map(\.value.storage)
    for part in ranges ?? [0..<p] {
      Workers.run(over: part.count, grain: Optimizer.adjointGrain) { range in
        let block = part.lowerBound + range.lowerBound..<part.lowerBound + range.upperBound
        switch formula {
        case .descent(let constants): rows.pullBack(block, constants)
        case .adam(let constants): rows.pullBack(block, constants, theta, g, state[0], state[1])
        }
      }
    }
    return result
  }

  /// Whether `pullBack` takes the step's gradient: Adam divides by what it has seen of them.
  package var adjointNeedsGradient: Bool {
    switch configuration {
    case .sgd: false
    case .adam, .adamw: true
    }
  }

  private func formula(rate: Double, step: Int) -> AdjointFormula {
    switch configuration {
    case .sgd(let momentum, _, let decay) where momentum == 0:
      .descent(DescentConstants(ofBuffer: 0, direct: rate, momentum: 0, decay: decay))
    case .sgd(let momentum, true, let decay):
      .descent(
        DescentConstants(ofBuffer: rate * momentum, direct: rate, momentum: momentum, decay: decay))
    case .sgd(let momentum, false, let decay):
      .descent(DescentConstants(ofBuffer: rate, direct: 0, momentum: momentum, decay: decay))
    case .adam(let beta1, let beta2, let epsilon, let decay):
      .adam(
        AdamConstants(
          beta1, beta2, epsilon, rate: rate, step: step + 1, decay: decay, shrink: 1))
    case .adamw(let beta1, let beta2, let epsilon, let decay):
      .adam(
        AdamConstants(
          beta1, beta2, epsilon, rate: rate, step: step + 1, decay: 0, shrink: 1 - rate * decay))
    }
  }
}

/// Which formula, with its constants.
private enum AdjointFormula: Sendable {
  case descent(DescentConstants)
  case adam(AdamConstants)
}

/// u = λv′ − ofBuffer · λθ′, λd = u − direct · λθ′: all of SGD.
private struct DescentConstants: Sendable {
  let ofBuffer, direct, momentum, decay: Double
}

private struct AdamConstants: Sendable {
  let beta1, beta2, epsilon, decay, shrink: Double
  /// a and c.
  let scale, correction: Double

  init(
    _ beta1: Double, _ beta2: Double, _ epsilon: Double, rate: Double, step: Int, decay: Double,
    shrink: Double
  ) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    (self.decay, self.shrink) = (decay, shrink)
    scale = rate / (1 - VectorMath.power(beta1, step))
    correction = 1 / (1 - VectorMath.power(beta2, step)).squareRoot()
  }
}

/// The adjoints of a state in memory, Q rows of p, on their way back through a step.
private struct AdjointRows: Sendable {
  let parameters: Buffer<Double>
  let first, second: Buffer<Double>?
  /// λg.
  let gradient: Buffer<Double>
  /// Q.
  let count: Int
  /// p.
  let width: Int

  /// SGD's step back for some parameters, directly as `pullBack` has it.
  func pullBack(_ block: Range<Int>, _ k: DescentConstants) {
    for row in 0..<count {
      for i in row * width + block.lowerBound..<row * width + block.upperBound {
        let theta = parameters.base[i]
        var d = -k.direct * theta
        if let first {
          let u = first.base[i] - k.ofBuffer * theta
          first.base[i] = k.momentum * u
          d += u
        }
        gradient.base[i] = d
        parameters.base[i] = theta + k.decay * d
      }
    }
  }

  /// Adam's step back for some parameters: what the state decides once, then every objective.
  func pullBack(
    _ block: Range<Int>, _ k: AdamConstants, _ theta: Buffer<Float>, _ g: Buffer<Float>,
    _ m: Buffer<Float>, _ v: Buffer<Float>
  ) {
    guard let first, let second else { return }
    let (fresh1, fresh2, n) = (1 - k.beta1, 1 - k.beta2, block.count)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * n) { room in
      guard let toMoment = room.baseAddress else { return }
      let (toSquare, fromSquare) = (toMoment + n, toMoment + 2 * n)
      for i in 0..<n {
        let j = block.lowerBound + i
        let d = Double(g.base[j]) + k.decay * Double(theta.base[j])
        let moment = Double(m.base[j]) + fresh1 * (d - Double(m.base[j]))
        let root = (k.beta2 * Double(v.base[j]) + fresh2 * d * d).squareRoot()
        let size = k.correction * root + k.epsilon
        toMoment[i] = k.scale / size
        toSquare[i] =
          root == 0 ? 0 : k.scale * moment * k.correction / (2 * size * size * root)
        fromSquare[i] = 2 * fresh2 * d
      }
      for row in 0..<count {
        let start = row * width + block.lowerBound
        for i in 0..<n {
          let after = parameters.base[start + i]
          let ofMoment = first.base[start + i] - toMoment[i] * after
          let ofSquare = second.base[start + i] + toSquare[i] * after
          let ofGradient = fresh1 * ofMoment + fromSquare[i] * ofSquare
          first.base[start + i] = k.beta1 * ofMoment
          second.base[start + i] = k.beta2 * ofSquare
          gradient.base[start + i] = ofGradient
          parameters.base[start + i] = k.shrink * after + k.decay * ofGradient
        }
      }
    }
  }
}
