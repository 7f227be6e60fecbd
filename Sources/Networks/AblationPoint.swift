import Tensors

/// A place where units can be ablated, each example by its own mask, and activations be observed; the
/// identity without either.
///
///     y = m ∘ x + (1 − m) ∘ value        the mask's row of an example at all its positions
package struct AblationPoint: Layer {
  /// Its units.
  package let group: ComponentGroup

  /// The units of this point.
  package var components: [ComponentGroup] { [group] }

  /// What a gradient by an activation or by a mask is taken by, matters.
  package func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    inputMatters || plan.purpose.asksPoints
  }

  /// y from x.
  package func forward(_ x: consuming Tensor, _ pass: Pass) -> Tensor {
    pass.observe(x, at: group)
    guard let rows = pass.rows(at: group, of: x) else { return x }
    return rows.applied(to: x, filling: true)
  }

  /// dx = m ∘ dy; 0 where the pass stops gradients.
  package func backward(_ dy: consuming Tensor, _ pass: Pass) -> Tensor? {
    pass.observe(gradient: dy, at: group)
    if pass.stoppedPoints.contains(group.point) { return Tensor(repeating: 0, shape: dy.shape) }
    guard let rows = pass.rows(at: group) else { return dy }
    return rows.applied(to: dy, filling: false)
  }

  /// ry = m ∘ rx.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? { masked(rx, pass) }

  /// rdx = m ∘ rdy.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) { (backward(dy, pass), masked(rdy, pass)) }

  private func masked(_ x: Tensor?, _ pass: Pass) -> Tensor? {
    guard let x, let rows = pass.rows(at: group) else { return x }
    return rows.applied(to: x, filling: false)
  }
}
