import Tensors

/// A place where units can be ablated, each example by its own mask, and activations be observed; the
/// identity without either.
///
///     y = m ∘ x + (1 − m) ∘ value        the mask's row of an example at all its positions
public struct AblationPoint: Layer {
  let group: ComponentGroup

  /// The units of this point.
  public var components: [ComponentGroup] { [group] }

  /// What a gradient by an activation or by a mask is taken by, matters.
  public func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    inputMatters || plan.purpose.asksPoints
  }

  /// y from x.
  public func forward(_ x: consuming Tensor, _ pass: Pass) -> Tensor {
    pass.observe(x, at: group)
    guard let rows = pass.rows(at: group) else { return x }
    return rows.applied(to: x, filling: true)
  }

  /// dx = m ∘ dy.
  public func backward(_ dy: consuming Tensor, _ pass: Pass) -> Tensor? {
    pass.observe(gradient: dy, at: group)
    guard let rows = pass.rows(at: group) else { return dy }
    return rows.applied(to: dy, filling: false)
  }

  /// ry = m ∘ rx.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? { masked(rx, pass) }

  /// rdx = m ∘ rdy.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) { (backward(dy, pass), masked(rdy, pass)) }

  private func masked(_ x: Tensor?, _ pass: Pass) -> Tensor? {
    guard let x, let rows = pass.rows(at: group) else { return x }
    return rows.applied(to: x, filling: false)
  }
}
