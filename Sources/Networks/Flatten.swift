import Tensors

/// All of an example's values as one row.
///
/// First in its network: its input's gradient is nobody's.
public struct Flatten: Layer {
  /// B × W.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    x.reshaped([pass.batch, x.shape.dropFirst().reduce(1, *)])
  }

  /// Nobody needs it.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { nil }

  /// Zero: inputs do not depend on parameters.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? { nil }

  /// Nobody needs it.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) { (nil, nil) }
}
