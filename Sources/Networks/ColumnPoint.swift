// Letters: B batch, T positions, W activations of a position, C columns of them.
import Tensors

/// An ablation point of some of the activations that stand side by side, such as the queries of
/// attention; the identity without a mask there and where nothing is observed.
package struct ColumnPoint: Layer {
  /// The point, of C activations.
  let point: AblationPoint
  /// The first of the C columns.
  package let start: Int

  /// The units of the point.
  package var components: [ComponentGroup] { point.components }

  private var columns: Range<Int> { start..<start + point.group.width }

  /// As the point.
  package func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    point.plan(&plan, inputMatters: inputMatters)
  }

  /// x with the point's y in its columns.
  package func forward(_ x: consuming Tensor, _ pass: Pass) -> Tensor {
    if !isAtWork(pass) { return x }
    let whole = copy x
    return whole.replacing(columns, by: point.forward(whole.columns(columns), pass))
  }

  /// dy with the point's dx in its columns.
  package func backward(_ dy: consuming Tensor, _ pass: Pass) -> Tensor? {
    if !isAtWork(pass) { return dy }
    let whole = copy dy
    return point.backward(whole.columns(columns), pass).map { whole.replacing(columns, by: $0) }
  }

  /// rx with the point's ry in its columns.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    guard let rx, isAtWork(pass) else { return rx }
    return point.forwardTangent(rx.columns(columns), pass)
      .map { rx.replacing(columns, by: $0) }
  }

  /// Both with the point's in their columns.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) { (backward(dy, pass), forwardTangent(rdy, pass)) }

  private func isAtWork(_ pass: Pass) -> Bool {
    pass.observes(point.group) || pass.rows(at: point.group) != nil
      || pass.stoppedPoints.contains(point.group.point)
  }
}

extension Tensor {
  /// This with other columns in the place of some.
  package func replacing(_ columns: Range<Int>, by part: Tensor) -> Tensor {
    let width = rowLength
    let whole = Tensor(elements, shape: shape)
    for row in 0..<rowCount {
      (whole.storage.base + row * width + columns.lowerBound).update(
        from: part.storage.base + row * columns.count, count: columns.count)
    }
    return whole
  }
}
