import Factors
import Tensors

/// y = x + f(x).
public struct Residual: Layer {
  /// f, which keeps the shape of x.
  public let inner: any Layer

  /// A residual connection around a layer.
  public init(_ inner: any Layer) { self.inner = inner }

  /// f's parameters.
  public var parameters: [Parameter] { inner.parameters }
  /// f's components.
  public var components: [ComponentGroup] { inner.components }

  /// y = x + f(x).
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor { x + inner.forward(x, pass) }

  /// dx = dy + f′ᵀ dy.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    inner.backward(dy, pass).map { dy + $0 } ?? dy
  }

  /// ry = rx + R(f)(x).
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    sum(rx, inner.forwardTangent(rx, pass))
  }

  /// dx and rdx, both with what goes past f.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let (dx, rdx) = inner.backwardTangent(dy, rdy, pass)
    return (sum(dy, dx), sum(rdy, rdx))
  }
}

/// a + b where nil is zero.
func sum(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
  guard let a else { return b }
  return b.map { a + $0 } ?? a
}
