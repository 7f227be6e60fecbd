import Tensors

/// y = α x, with a constant α.
public struct Scale: Layer {
  /// α.
  public let factor: Float

  /// A scale by a constant.
  public init(_ factor: Float) { self.factor = factor }

  /// y = α x.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor { x.scaled(by: factor) }

  /// dx = α dy.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { dy.scaled(by: factor) }

  /// ry = α rx.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx?.scaled(by: factor)
  }

  /// dx = α dy, rdx = α rdy.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (dy.scaled(by: factor), rdy?.scaled(by: factor))
  }
}
