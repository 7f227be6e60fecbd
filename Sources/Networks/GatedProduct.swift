// Letters: R rows, W width of one half; [g, u] the halves of x; f a smooth non-linearity.
import Tensors

/// y = f(g) ∘ u for x = [g, u]: the middle of a gated MLP.
///
/// - Source: Shazeer 2020 (arXiv:2002.05202): SwiGLU with f = silu, GEGLU with f = gelu.
package struct GatedProduct: Layer {
  /// f.
  package var kind = Kind.silu
  let slot: Int

  /// The non-linearities f with f(0) = 0 and f′(0) = ½.
  package enum Kind: Sendable {
    /// x / (1 + e⁻ˣ).
    case silu
    /// GELU by tanh.
    case geluTanh
  }

  /// y = f(g) ∘ u, half as wide as x.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.keep(x, at: slot)
    let y = Tensor(uninitialized: x.shape.dropLast() + [x.rowLength / 2])
    let (source, target, width) = (x.storage, y.storage, x.rowLength / 2)
    forEachRow(y) { row, _ in
      let (g, out) = (source.base + 2 * row * width, target.base + row * width)
      kind.value(g, into: out, count: width)
      VectorMath.multiply(out, g + width, into: out, count: width)
    }
    return y
  }

  /// dg = f′(g) ∘ u ∘ dy, du = f(g) ∘ dy; by relevance half of each, with f(g)/g for
  /// f′(g).
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let x = pass[slot, as: Tensor.self]
    return pass.backwardRule == .relevance ? halves(dy, x) : gradient(dy, x)
  }

  /// ry = f′(g) ∘ rg ∘ u + f(g) ∘ ru.
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
      kind.value(g, into: out, count: width)
      kind.slope(g, into: scratch, count: width)
      let (u, ru) = (g + width, rg + width)
      for k in 0..<width { out[k] = scratch[k] * rg[k] * u[k] + out[k] * ru[k] }
    }
    return ry
  }

  /// rdg = f″ rg u dy + f′ (ru dy + u rdy), rdu = f′ rg dy + f rdy.
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
      kind.slope(g, into: scratch, count: width)
      for k in 0..<width {
        out[k] += scratch[k] * ru[k] * d[k]
        out[width + k] += scratch[k] * rg[k] * d[k]
      }
      kind.bend(g, into: scratch, count: width)
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
      kind.slope(g, into: out, count: width)
      kind.value(g, into: out + width, count: width)
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
      kind.value(g, into: out + width, count: width)
      for k in 0..<width {
        let value = out[width + k]
        out[k] = 0.5 * (g[k] == 0 ? 0.5 : value / g[k]) * u[k] * d[k]
        out[width + k] = 0.5 * value * d[k]
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

extension GatedProduct.Kind {
  /// f of `count` numbers.
  fileprivate func value(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) {
    switch self {
    case .silu: VectorMath.silu(x, into: y, count: count)
    case .geluTanh: VectorMath.geluTanh(x, into: y, count: count)
    }
  }

  /// f′ of `count` numbers.
  fileprivate func slope(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) {
    switch self {
    case .silu: VectorMath.siluDerivative(x, into: y, count: count)
    case .geluTanh: VectorMath.geluTanhDerivative(x, into: y, count: count)
    }
  }

  /// f″ of `count` numbers.
  fileprivate func bend(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) {
    switch self {
    case .silu: VectorMath.siluSecondDerivative(x, into: y, count: count)
    case .geluTanh: VectorMath.geluTanhSecondDerivative(x, into: y, count: count)
    }
  }
}
