import Tensors

/// y = α x, with a constant α.
package struct Scale: Layer {
  /// α.
  package let factor: Float

  /// A scale by a constant.
  package init(_ factor: Float) { self.factor = factor }

  /// y = α x.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor { x.scaled(by: factor) }

  /// dx = α dy.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { dy.scaled(by: factor) }

  /// ry = α rx.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx?.scaled(by: factor)
  }

  /// dx = α dy, rdx = α rdy.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (dy.scaled(by: factor), rdy?.scaled(by: factor))
  }
}
