// Letters: n training examples, m right-hand sides, B examples of a batch, p parameters.
import Factors
import Foundation
import Gradients
import Randomness
import Synchronization
import Tensors

/// (C + λ)⁻¹ g by a Neumann series over batches.
///
///     v ← g + v − (C_B v + λ v) / σ,   (C + λ)⁻¹ g ≈ v / σ,   σ ≥ the largest eigenvalue
///
/// C_B is the curvature over a batch of B examples drawn without replacement, seeded: the same
/// batches for every gradient. The series needs about σ/λ steps: a residual computed over the whole
/// training set is reported, and where it is large a note says that the solve is not converged.
///
/// - Complexity: `steps` · B · m products of about three gradients, and 20 passes for σ.
/// - Source: Agarwal, Bullins, Hazan 2017 (arXiv:1602.03943), algorithm 1 with one repeat; Koh &
///   Liang 2017.
final class LiSSA: InverseCurvature {
  let damping: DampingReport
  private let curvature: TrainingCurvature
  private let scale: Double
  private let batch, steps: Int
  private let residuals = Mutex<[Double]>([])

  /// The residual up to which a solve counts as converged.
  static let tolerance = 0.1

  /// - Parameters:
  ///   - batch: B; at most n.
  ///   - steps: nil: ten visits of every example, from 200 to 5,000 steps.
  init(
    _ curvature: TrainingCurvature, damping: DampingReport, batch: Int = 256, steps: Int? = nil
  ) throws {
    (self.curvature, self.damping) = (curvature, damping)
    let n = curvature.data.count
    self.batch = min(batch, n)
    self.steps = steps ?? max(200, min(5_000, 10 * n / max(1, self.batch)))
    // Batches bend more than their mean does in some directions.
    scale = 2 * (try curvature.largestEigenvalue()) + damping.damping
  }

  var byteCount: Int { 0 }

  var notes: [String] {
    let found = residuals.withLock { $0 }
    guard let worst = found.max() else { return [] }
    var notes = [
      "lissa: \(steps) steps over batches of \(batch), scale \(short(scale)), residual at most "
        + short(worst)
    ]
    let open = found.count { !($0 <= LiSSA.tolerance) }
    if open > 0 {
      notes.append(
        "NOT CONVERGED: \(open) of \(found.count) solves have a residual above "
          + "\(short(LiSSA.tolerance)): raise ‹damping› (the series needs some "
          + "\(short(scale / max(damping.damping, 1e-30))) steps), or use if-cg")
    }
    return notes
  }

  func solve(_ g: GradientDirections) throws -> GradientDirections {
    var v = g
    let n = curvature.data.count
    let order = curvature.data.canonicalOrder
    for step in 0..<steps {
      let rows =
        batch == n
        ? nil
        : RandomStream(seed: 0, purpose: .solver, index: UInt64(step)).sample(batch, of: n)
          .map { order[$0] }
      let product = try curvature.products(v, rows: rows)
      v.scale(by: Float(1 - damping.damping / scale))
      v.add(product, times: Float(-1 / scale))
      v.add(g)
    }
    v.scale(by: Float(1 / scale))
    let found = try curvature.residuals(g, v, damping: damping.damping)
    residuals.withLock { $0 += found }
    return v
  }
}

extension TrainingCurvature {
  /// The largest eigenvalue of C in absolute value, by 20 steps of the power method from a seeded
  /// start: a lower bound, usually within a few per cent.
  func largestEigenvalue() throws -> Double {
    var v = randomDirection()
    var value = 0.0
    for _ in 0..<20 {
      let size = v.dots(v)[0].squareRoot()
      guard size > 0 else { return 0 }
      v.scale(by: Float(1 / size))
      v = try products(v)
      value = v.dots(v)[0].squareRoot()
    }
    return value
  }

  /// A seeded Gaussian direction.
  func randomDirection() -> GradientDirections {
    let joined = Matrix<Float>(uninitialized: 1, width)
    RandomStream(seed: 0, purpose: .solver, index: 1 << 40)
      .fillGaussian(joined.storage.base, count: joined.count)
    return GradientDirections(joined: joined, widths: layout.blocks.map(\.gradientCount))
  }
}
