import Tensors

/// All of an example's values as one row.
public struct Flatten: Layer {
  /// B × W.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    x.reshaped([pass.batch, x.shape.dropFirst().reduce(1, *)])
  }

  /// dy, one row an example.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { dy }

  /// rx as rows.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx.map { forward($0, pass) }
  }

  /// Both, one row an example.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) { (dy, rdy) }
}
