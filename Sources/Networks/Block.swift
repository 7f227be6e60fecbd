import Factors
import Tensors

/// Layers f that can be left out, example by example: all that a transformer's layer changes.
///
///     y = x + m (f(x) − x) + (1 − m) value        m one number an example; f(x) itself where m = 1
///
/// f keeps the shape of x.
package struct Block: Layer {
  /// f.
  package let body: Sequential
  let group: ComponentGroup

  /// Those of the body.
  package var parameters: [Parameter] { body.parameters }

  /// Those of the body, and the whole.
  package var components: [ComponentGroup] { body.components + [group] }

  /// Plans the body; what a gradient by the mask is taken by, matters.
  package func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    body.plan(&plan, inputMatters: inputMatters) || plan.purpose.asksPoints
  }

  /// y from x.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    let y = body.forward(x, pass)
    let rows = pass.rows(at: group, of: x)
    guard rows != nil || pass.observes(group) else { return y }
    let change = y - x
    pass.observe(change, at: group)
    guard let rows, !rows.ablation.keepsAll else { return y }
    let result = x + rows.applied(to: change, filling: true)
    let size = pass.batch == 0 ? 0 : y.count / pass.batch
    for example in 0..<pass.batch where rows.keepsAll(example: example) {
      (result.storage.base + example * size).update(
        from: y.storage.base + example * size, count: size)
    }
    return result
  }

  /// dx = f′ᵀ (m dy) + (1 − m) dy.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    pass.observe(gradient: dy, at: group)
    guard let rows = pass.rows(at: group) else { return body.backward(dy, pass) }
    let (through, around) = rows.split(dy)
    return body.backward(through, pass).map { sum($0, around) ?? $0 }
  }

  /// ry = m R f(x) + (1 − m) rx.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    let ry = body.forwardTangent(rx, pass)
    guard let rows = pass.rows(at: group) else { return ry }
    return sum(
      ry.map { rows.applied(to: $0, filling: false) }, rx.flatMap { rows.split($0).around })
  }

  /// dx as in `backward`, rdx the same of rdy.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    pass.observe(gradient: dy, at: group)
    guard let rows = pass.rows(at: group) else { return body.backwardTangent(dy, rdy, pass) }
    let (parts, moved) = (rows.split(dy), rdy.map { rows.split($0) })
    let (dx, rdx) = body.backwardTangent(parts.through, moved?.through, pass)
    return (dx.map { sum($0, parts.around) ?? $0 }, dx == nil ? nil : sum(rdx, moved?.around))
  }
}

extension MaskedRows {
  /// m ∘ x, and (1 − m) ∘ x; nil: zero.
  fileprivate func split(_ x: Tensor) -> (through: Tensor, around: Tensor?) {
    let through = applied(to: x, filling: false)
    return (through, ablation.keepsAll ? nil : x - through)
  }
}
