// Letters: R rows, W width of one half; [g, u] the halves of x.
import Tensors

/// y = silu(g) ∘ u for x = [g, u]: the middle of a gated MLP.
///
/// - Source: Shazeer 2020 (arXiv:2002.05202), SwiGLU.
package struct GatedProduct: Layer {
  let slot: Int

  /// y = silu(g) ∘ u, half as wide as x.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.keep(x, at: slot)
    let y = Tensor(uninitialized: x.shape.dropLast() + [x.rowLength / 2])
    let (source, target, width) = (x.storage, y.storage, x.rowLength / 2)
    forEachRow(y) { row, _ in
      let (g, out) = (source.base + 2 * row * width, target.base + row * width)
      VectorMath.silu(g, into: out, count: width)
      VectorMath.multiply(out, g + width, into: out, count: width)
    }
    return y
  }

  /// dg = silu′(g) ∘ u ∘ dy, du = silu(g) ∘ dy; by relevance half of each, with silu(g)/g for
  /// silu′(g).
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let x = pass[slot, as: Tensor.self]
    return pass.backwardRule == .relevance ? halves(dy, x) : gradient(dy, x)
  }

  /// ry = silu′(g) ∘ rg ∘ u + silu(g) ∘ ru.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    pass.keepTangent(rx, at: slot)
    guard let rx else { return nil }
    let (x, width) = (pass[slot, as: Tensor.self].storage, rx.rowLength / 2)
    let ry = Tensor(uninitialized: rx.shape.dropLast() + [width])
    let (source, target) = (rx.storage, ry.storage)
    forEachRow(ry) { row, scratch in
      let (g, rg, out) = (
        x.base + 2 * row * width, source.base + 2 * row * width, target.base + row * width
      )
      VectorMath.silu(g, into: out, count: width)
      VectorMath.siluDerivative(g, into: scratch, count: width)
      let (u, ru) = (g + width, rg + width)
      for k in 0..<width { out[k] = scratch[k] * rg[k] * u[k] + out[k] * ru[k] }
    }
    return ry
  }

  /// rdg = silu″ rg u dy + silu′ (ru dy + u rdy), rdu = silu′ rg dy + silu rdy.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let x = pass[slot, as: Tensor.self]
    let dx = gradient(dy, x)
    let through = rdy.map { gradient($0, x) }
    guard let rx = pass.tangent(at: slot, as: Tensor.self) else { return (dx, through) }
    let rdx = through ?? Tensor(repeating: 0, shape: x.shape)
    let width = dy.rowLength
    let (inputs, moved, d, target) = (x.storage, rx.storage, dy.storage, rdx.storage)
    forEachRow(dy) { row, scratch in
      let (g, rg) = (inputs.base + 2 * row * width, moved.base + 2 * row * width)
      let (out, d) = (target.base + 2 * row * width, d.base + row * width)
      let (u, ru) = (g + width, rg + width)
      VectorMath.siluDerivative(g, into: scratch, count: width)
      for k in 0..<width {
        out[k] += scratch[k] * ru[k] * d[k]
        out[width + k] += scratch[k] * rg[k] * d[k]
      }
      VectorMath.siluSecondDerivative(g, into: scratch, count: width)
      for k in 0..<width { out[k] += scratch[k] * rg[k] * u[k] * d[k] }
    }
    return (dx, rdx)
  }

  private func gradient(_ dy: Tensor, _ x: Tensor) -> Tensor {
    let dx = Tensor(uninitialized: x.shape)
    let (inputs, d, target, width) = (x.storage, dy.storage, dx.storage, dy.rowLength)
    forEachRow(dy) { row, _ in
      let (g, out) = (inputs.base + 2 * row * width, target.base + 2 * row * width)
      let (u, d) = (g + width, d.base + row * width)
      VectorMath.siluDerivative(g, into: out, count: width)
      VectorMath.silu(g, into: out + width, count: width)
      for k in 0..<width {
        out[k] *= u[k] * d[k]
        out[width + k] *= d[k]
      }
    }
    return dx
  }

  private func halves(_ dy: Tensor, _ x: Tensor) -> Tensor {
    let dx = Tensor(uninitialized: x.shape)
    let (inputs, d, target, width) = (x.storage, dy.storage, dx.storage, dy.rowLength)
    forEachRow(dy) { row, _ in
      let (g, out) = (inputs.base + 2 * row * width, target.base + 2 * row * width)
      let (u, d) = (g + width, d.base + row * width)
      VectorMath.silu(g, into: out + width, count: width)
      for k in 0..<width {
        let silu = out[width + k]
        out[k] = 0.5 * (g[k] == 0 ? 0.5 : silu / g[k]) * u[k] * d[k]
        out[width + k] = 0.5 * silu * d[k]
      }
    }
    return dx
  }

  /// Calls `body` with each row and scratch of a row.
  private func forEachRow(
    _ y: Tensor, _ body: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
  ) {
    let width = y.rowLength
    Workers.run(over: y.rowCount, grain: max(1, Tensor.elementGrain / max(1, width))) { rows in
      let scratch = Buffer<Float>(uninitialized: width)
      for row in rows { body(row, scratch.base) }
    }
  }
}
