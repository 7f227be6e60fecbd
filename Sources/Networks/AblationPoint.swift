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
    masked(x, pass, value: pass.ablation[group.slot]?.value)
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

  private func masked(_ x: Tensor, _ pass: Pass, value: Tensor? = nil) -> Tensor {
    guard let mask = pass.ablation[group.slot]?.mask else { return x }
    let width = group.units * group.unitWidth
    precondition(
      mask.shape == [pass.batch, group.units] && x.rowLength == width
        && (value?.count ?? width) == width,
      "mask \(mask.shape), value \(value?.count ?? width), \(x.shape) at \(group.name)")
    let y = Tensor(uninitialized: x.shape)
    let positions = x.positionsOfExample
    for row in 0..<x.rowCount {
      let keep = mask.storage.base + row / positions * group.units
      let (source, target) = (x.storage.base + row * width, y.storage.base + row * width)
      for unit in 0..<group.units {
        for k in unit * group.unitWidth..<(unit + 1) * group.unitWidth {
          target[k] = keep[unit] * source[k]
          if let value { target[k] += (1 - keep[unit]) * value.storage.base[k] }
        }
      }
    }
    return y
  }
}
