import Foundation
import Tensors

/// An element-wise non-linearity.
public struct Activation: Layer {
  /// Which function.
  public enum Kind: String, Sendable, CaseIterable {
    /// max(0, x); its derivative at 0 is 0, as in PyTorch.
    case relu
    /// x·Φ(x), exact with erf, as in PyTorch's default.
    case gelu
    /// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), as in GPT-2 (`gelu_new`).
    case geluTanh
    /// x / (1 + e⁻ˣ), also called swish.
    case silu
    /// tanh(x).
    case tanh
  }

  /// The function.
  public let kind: Kind
  let slot: Int

  /// y = f(x).
  ///
  /// Saves what f′ reads: y for tanh, x for the others. Padding, which is costly, becomes 0.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    if let function = costly {
      pass.keep(x, at: slot)
      return TokenRows(of: x, pass)?.mapped(x, function) ?? x.mapped(function)
    }
    let y = kind == .relu ? x.relu() : x.hyperbolicTangent()
    pass.keep(kind == .relu ? x : y, at: slot)
    return y
  }

  /// f where a number of it costs much more than reading it; else nil.
  private var costly: (@Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void)?
  {
    switch kind {
    case .relu, .tanh: nil
    case .gelu: { VectorMath.gelu($0, into: $1, count: $2) }
    case .geluTanh: { VectorMath.geluTanh($0, into: $1, count: $2) }
    case .silu: { VectorMath.silu($0, into: $1, count: $2) }
    }
  }

  /// dx = f′(x) ∘ dy; of ReLU in the place of dy when nobody else has it; by relevance f(x)/x ∘ dy.
  package func backward(_ dy: consuming Tensor, _ pass: Pass) -> Tensor? {
    let saved = pass[slot, as: Tensor.self]
    if pass.backwardRule == .relevance { return saved.mapped(ratio) * dy }
    if kind != .relu { return sloped(dy, saved, pass) }
    let isOwn = dy.isUnique()
    let source = dy.storage
    let dx = isOwn ? copy dy : Tensor(uninitialized: dy.shape)
    let (input, target) = (saved.storage, dx.storage)
    Workers.run(over: dx.count, grain: Tensor.elementGrain) { range in
      VectorMath.reluBackward(
        source.base + range.lowerBound, input.base + range.lowerBound,
        into: target.base + range.lowerBound, count: range.count)
    }
    return dx
  }

  /// f′ ∘ dy; 0 at padding where f is costly.
  private func sloped(_ dy: Tensor, _ saved: Tensor, _ pass: Pass) -> Tensor {
    if costly != nil, let rows = TokenRows(of: dy, pass) {
      return rows.mapped(saved, dy) { sloped($0, $1, $2, $3) }
    }
    let dx = Tensor(uninitialized: dy.shape)
    let (source, input, target) = (dy.storage, saved.storage, dx.storage)
    Workers.run(over: dx.count, grain: Tensor.elementGrain) { range in
      let start = range.lowerBound
      sloped(input.base + start, source.base + start, target.base + start, range.count)
    }
    return dx
  }

  /// f′(x) ∘ d of `count` numbers; the derivative stays in the cache until it is multiplied.
  private func sloped(
    _ x: UnsafePointer<Float>, _ d: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    for start in stride(from: 0, to: count, by: 4_096) {
      let part = min(4_096, count - start)
      derivative(x + start, y + start, part)
      VectorMath.multiply(y + start, d + start, into: y + start, count: part)
    }
  }

  /// ry = f′(x) ∘ rx.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    pass.keepTangent(rx, at: slot)
    guard let rx else { return nil }
    return firstDerivative(pass[slot, as: Tensor.self]) * rx
  }

  /// rdx = f″(x) ∘ rx ∘ dy + f′(x) ∘ rdy.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let saved = pass[slot, as: Tensor.self]
    let slope = firstDerivative(saved)
    var rdx = rdy.map { slope * $0 }
    if let rx = pass.tangent(at: slot, as: Tensor.self), let curvature = secondDerivative(saved) {
      let bend = curvature * rx * dy
      if rdx == nil { rdx = bend } else { rdx?.add(scaled: bend, by: 1) }
    }
    return (slope * dy, rdx)
  }

  private func firstDerivative(_ saved: Tensor) -> Tensor { saved.mapped(derivative) }

  /// f′ of `count` numbers; of tanh from its value.
  private func derivative(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    switch kind {
    case .relu: for i in 0..<count { y[i] = x[i] > 0 ? 1 : 0 }
    case .gelu: VectorMath.geluDerivative(x, into: y, count: count)
    case .geluTanh: VectorMath.geluTanhDerivative(x, into: y, count: count)
    case .silu: VectorMath.siluDerivative(x, into: y, count: count)
    case .tanh: for i in 0..<count { y[i] = 1 - x[i] * x[i] }
    }
  }

  /// f(x)/x of `count` numbers, f′(0) at 0; of tanh from its value.
  private func ratio(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    switch kind {
    case .relu: for i in 0..<count { y[i] = x[i] > 0 ? 1 : 0 }
    case .gelu: VectorMath.gelu(x, into: y, count: count)
    case .geluTanh: VectorMath.geluTanh(x, into: y, count: count)
    case .silu: VectorMath.silu(x, into: y, count: count)
    case .tanh:
      for i in 0..<count {
        let size = abs(Double(x[i]))
        y[i] = size == 0 ? 1 : size >= 1 ? 0 : Float(size / atanh(size))
      }
    }
    switch kind {
    case .relu, .tanh: break
    case .gelu, .geluTanh, .silu: for i in 0..<count { y[i] = x[i] == 0 ? 0.5 : y[i] / x[i] }
    }
  }

  private func secondDerivative(_ saved: Tensor) -> Tensor? {
    switch kind {
    case .relu: return nil
    case .gelu:
      return saved.mapped(VectorMath.geluSecondDerivative)
    case .geluTanh:
      return saved.mapped(VectorMath.geluTanhSecondDerivative)
    case .silu:
      return saved.mapped(VectorMath.siluSecondDerivative)
    case .tanh:
      return saved.mapped { x, y, count in
        for i in 0..<count { y[i] = -2 * x[i] * (1 - x[i] * x[i]) }
      }
    }
  }
}
