// Letters: n training examples, m right-hand sides, p parameters.
import Factors
import Foundation
import Gradients
import Synchronization
import Tensors

/// (C + λ)⁻¹ g by preconditioned conjugate gradients over the whole training set.
///
///     d ← M⁻¹ r + β d,   x ← x + α d,   r ← r − α (C + λ) d
///
/// Right-hand sides go side by side: each has a recursion of its own, and every step is one pass of
/// the training examples with the directions of all that are not solved yet. The residual that is
/// reported is that of the solution, computed anew, not the recursion's.
///
/// - Complexity: a step is n · m products of about three gradients each.
/// - Precision: vectors in fp32, sums in fp64; a residual below some 1e-6 is out of reach.
/// - Source: Hestenes & Stiefel 1952; Martens 2010.
final class ConjugateGradients: InverseCurvature {
  /// When a solve ends.
  struct Ending: Sendable {
    /// ‖g − (C + λ) x‖ / ‖g‖.
    var residual = 1e-3
    /// Most steps.
    var steps = 200
  }

  /// How the solves of some right-hand sides ended.
  struct Outcome: Sendable {
    /// Steps of each.
    let steps: [Int]
    /// Residual of each, computed anew.
    let residuals: [Double]
    /// Whether a direction of negative curvature was met: C + λ is not positive definite.
    let isIndefinite: Bool
  }

  let curvature: TrainingCurvature
  let damping: DampingReport
  private let preconditioner: (any Preconditioner)?
  private let ending: Ending
  private let madeNotes: [String]
  private let outcomes = Mutex<[Outcome]>([])

  /// - Parameter preconditioner: made with the λ of the solve; nil: none.
  init(
    _ curvature: TrainingCurvature, damping: DampingReport, preconditioner: (any Preconditioner)?,
    ending: Ending = Ending(), notes: [String] = []
  ) {
    (self.curvature, self.damping, self.preconditioner) = (curvature, damping, preconditioner)
    (self.ending, madeNotes) = (ending, notes)
  }

  var byteCount: Int { preconditioner?.byteCount ?? 0 }

  /// What was seen of all solves so far.
  var notes: [String] {
    let all = outcomes.withLock { $0 }
    guard !all.isEmpty else { return madeNotes }
    let steps = all.flatMap(\.steps)
    let residuals = all.flatMap(\.residuals)
    let worst = residuals.max() ?? 0
    var notes = madeNotes
    notes.append(
      "conjugate gradients: \(steps.min() ?? 0) to \(steps.max() ?? 0) steps, residual at most "
        + short(worst))
    // The last rounding of a residual is not a failure.
    let open = residuals.count { $0 > 1.5 * ending.residual }
    if open > 0 {
      notes.append(
        "NOT CONVERGED: \(open) of \(residuals.count) solves stopped above a residual of "
          + "\(short(ending.residual)), the worst at \(short(worst)): their scores are approximate; "
          + "raise ‹damping›")
    }
    if all.contains(where: \.isIndefinite) {
      notes.append(
        "the curvature plus λ has negative directions: conjugate gradients stopped there; raise "
          + "‹damping›, or use ‹curvature: gaussNewton›")
    }
    return notes
  }

  func solve(_ gradients: GradientDirections) throws -> GradientDirections {
    let (solutions, outcome) = try solved(gradients)
    outcomes.withLock { $0.append(outcome) }
    return solutions
  }

  /// The solutions, and how the solves ended.
  func solved(_ b: GradientDirections) throws -> (GradientDirections, Outcome) {
    let sizes = b.dots(b).map { $0.squareRoot() }
    var x = curvature.zeros(b.count)
    var steps = [Int](repeating: 0, count: b.count)
    var active = sizes.indices.filter { sizes[$0] > 0 }
    var r = b.gathered(active)
    var d = try preconditioned(r)
    var rz = r.dots(d)
    var isIndefinite = false
    for step in 1...ending.steps where !active.isEmpty {
      var q = try curvature.products(d)
      q.add(d, times: Float(damping.damping))
      let bends = d.dots(q)
      let alphas = zip(rz, bends).map { $1 > 0 ? $0 / $1 : 0 }
      var own = x.gathered(active)
      own.add(d, rows: alphas.map { Float($0) })
      x.put(own, at: active)
      r.add(q, rows: alphas.map { Float(-$0) })
      let rest = r.dots(r).map { $0.squareRoot() }
      for place in active.indices { steps[active[place]] = step }
      if bends.contains(where: { $0 <= 0 }) { isIndefinite = true }
      let going = active.indices.filter {
        rest[$0] > ending.residual * sizes[active[$0]] && bends[$0] > 0
      }
      if going.count < active.count {
        active = going.map { active[$0] }
        (r, d) = (r.gathered(going), d.gathered(going))
        rz = going.map { rz[$0] }
      }
      if active.isEmpty { break }
      let z = try preconditioned(r)
      let next = r.dots(z)
      d.scale(rows: zip(next, rz).map { $1 > 0 ? Float($0 / $1) : 0 })
      d.add(z)
      rz = next
    }
    let residuals = try curvature.residuals(b, x, damping: damping.damping)
    return (x, Outcome(steps: steps, residuals: residuals, isIndefinite: isIndefinite))
  }

  private func preconditioned(_ r: GradientDirections) throws -> GradientDirections {
    try preconditioner?.preconditioned(r) ?? r
  }
}
