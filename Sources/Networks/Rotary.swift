// Letters: B batch, T positions, H heads that turn, D width of a head, R of it that turns.
import Foundation
import Tensors

/// Turns the heads of queries and keys by angles that grow with the position.
///
///     (x_k, x_{k + R/2}) ← (x_k cos a − x_{k + R/2} sin a, x_{k + R/2} cos a + x_k sin a),
///     a = t · s(base^(−2k/R)),   k < R/2
///
/// s is the identity unless angles are scaled (`RotaryScaling`).
/// The first `heads` heads of each position turn, what follows them (values) stays; of each head the
/// first R numbers, all D unless said otherwise.
///
/// - Source: Su et al. 2021 (arXiv:2104.09864), pairs as in Hugging Face's `rotate_half`.
package struct Rotary: Layer {
  /// Heads H that turn.
  package let heads: Int
  /// Width D of a head.
  package let headWidth: Int
  /// Numbers R of a head that turn, even.
  package let turning: Int
  /// The base of the angles, 10,000 unless said otherwise.
  package let base: Double
  /// What slows the angles.
  package let scaling: RotaryScaling

  /// Rotary positions for the first `heads` heads.
  package init(
    heads: Int, headWidth: Int, turning: Int? = nil, base: Double = 10_000,
    scaling: RotaryScaling = .none
  ) {
    self.turning = turning ?? headWidth
    precondition(
      self.turning.isMultiple(of: 2) && self.turning <= headWidth,
      "\(self.turning) of \(headWidth)")
    (self.heads, self.headWidth, self.base) = (heads, headWidth, base)
    self.scaling = scaling
  }

  /// The turned x.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor { turned(x, sign: 1) }

  /// dy turned back.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { turned(dy, sign: -1) }

  /// The turned rx.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx.map { turned($0, sign: 1) }
  }

  /// dy and rdy turned back.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (turned(dy, sign: -1), rdy.map { turned($0, sign: -1) })
  }

  private func turned(_ x: Tensor, sign: Float) -> Tensor {
    let (places, width, half) = (x.positionsOfExample, x.rowLength, turning / 2)
    precondition(width >= heads * headWidth, "\(heads) heads of \(headWidth) in \(width)")
    let angles = table(places)
    let y = Tensor(uninitialized: x.shape)
    let (source, target) = (x.storage, y.storage)
    Workers.run(over: x.rowCount, grain: max(1, Tensor.elementGrain / width)) { rows in
      for row in rows {
        let cosines = angles.base + row % places * turning
        let sines = cosines + half
        for head in 0..<heads {
          let a = source.base + row * width + head * headWidth
          let b = target.base + row * width + head * headWidth
          for k in 0..<half {
            let turn = sign * sines[k]
            b[k] = a[k] * cosines[k] - a[k + half] * turn
            b[k + half] = a[k + half] * cosines[k] + a[k] * turn
          }
          (b + turning).update(from: a + turning, count: headWidth - turning)
        }
        let rest = heads * headWidth
        (target.base + row * width + rest).update(
          from: source.base + row * width + rest, count: width - rest)
      }
    }
    return y
  }

  /// cos then sin of each angle, T × R, angles in fp64.
  private func table(_ places: Int) -> Buffer<Float> {
    let half = turning / 2
    let table = Buffer<Float>(uninitialized: places * turning)
    for k in 0..<half {
      let frequency = scaling.scaled(pow(base, -2 * Double(k) / Double(turning)))
      for t in 0..<places {
        table.base[t * turning + k] = Float(cos(Double(t) * frequency))
        table.base[t * turning + half + k] = Float(sin(Double(t) * frequency))
      }
    }
    return table
  }
}
