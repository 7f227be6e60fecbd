import Tensors

/// A place where units can be ablated, each example by its own mask; the identity without a mask.
///
///     y = mask ∘ x + (1 − mask) ∘ value        the mask's row of an example at all its positions
public struct AblationPoint: Layer {
  let group: ComponentGroup

  /// The units of this point.
  public var components: [ComponentGroup] { [group] }

  /// y from x.
  public func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    guard let ablation = pass.ablation[group.slot] else { return x }
    var y = masked(x, pass)
    guard let value = ablation.value else { return y }
    let positions = x.rowCount / max(1, pass.batch)
    let target = y.writableStorage()
    forEachUnit(positions: positions, ablation.mask) { index, column, keep in
      target.base[index] += (1 - keep) * value.storage.base[column]
    }
    return y
  }

  /// dx = mask ∘ dy.
  public func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { masked(dy, pass) }

  /// ry = mask ∘ rx.
  public func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx.map { masked($0, pass) }
  }

  /// rdx = mask ∘ rdy.
  public func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (masked(dy, pass), rdy.map { masked($0, pass) })
  }

  private func masked(_ x: Tensor, _ pass: Pass) -> Tensor {
    guard let ablation = pass.ablation[group.slot] else { return x }
    precondition(
      ablation.mask.shape == [pass.batch, group.units],
      "mask \(ablation.mask.shape) for \(pass.batch) × \(group.units) of \(group.name)")
    let y = Tensor(uninitialized: x.shape)
    let positions = x.rowCount / max(1, pass.batch)
    forEachUnit(positions: positions, ablation.mask) { index, _, keep in
      y.storage.base[index] = keep * x.storage.base[index]
    }
    return y
  }

  private func forEachUnit(positions: Int, _ mask: Tensor, _ body: (Int, Int, Float) -> Void) {
    let width = group.units * group.unitWidth
    for example in 0..<mask.shape[0] {
      for position in 0..<positions {
        let start = (example * positions + position) * width
        for column in 0..<width {
          body(
            start + column, column,
            mask.storage.base[example * group.units + column / group.unitWidth])
        }
      }
    }
  }
}
