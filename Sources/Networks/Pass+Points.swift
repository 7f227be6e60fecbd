import Tensors

extension Pass {
  /// What was seen at the ablation points, by point.
  public struct Observations: Sendable {
    /// The activations x that reach a point, before its mask: B × …; of a block what it changes.
    public internal(set) var activations: [Int: Tensor] = [:]
    /// ∂f/∂y, by what leaves a point: where nothing is masked, the gradient by the activations.
    public internal(set) var gradients: [Int: Tensor] = [:]
    /// ∂f/∂m, B × units: Σ of ∂f/∂y ∘ (x − value) over each unit's activations and positions.
    public internal(set) var maskGradients: [Int: Tensor] = [:]
    /// Activations that mask gradients are made of.
    fileprivate var inputs: [Int: Tensor] = [:]
  }

  /// The mask at a point; nil: nothing is masked there.
  func rows(at group: ComponentGroup) -> MaskedRows? {
    if ablation.isEmpty { return nil }
    return ablation[group.point].map { MaskedRows(ablation: $0, group: group) }
  }

  /// Whether anything is observed at a point.
  func observes(_ group: ComponentGroup) -> Bool {
    !purpose.isDisjoint(with: [.activations, .activationGradients, .maskGradients])
      && observedPoints?.contains(group.point) ?? true
  }

  /// Observes what reaches a point.
  func observe(_ x: borrowing Tensor, at group: ComponentGroup) {
    guard observes(group) else { return }
    if purpose.contains(.activations) { observed.activations[group.point] = copy x }
    if purpose.contains(.maskGradients) { observed.inputs[group.point] = copy x }
  }

  /// Observes the gradient by what leaves a point.
  func observe(gradient dy: borrowing Tensor, at group: ComponentGroup) {
    guard observes(group) else { return }
    if purpose.contains(.activationGradients) { observed.gradients[group.point] = copy dy }
    guard purpose.contains(.maskGradients), let x = observed.inputs[group.point] else { return }
    let rows = rows(at: group) ?? MaskedRows(ablation: .none(group, batch: batch), group: group)
    observed.maskGradients[group.point] = rows.gradient(copy dy, x)
  }
}

extension AblationMask {
  /// A mask that keeps everything.
  fileprivate static func none(_ group: ComponentGroup, batch: Int) -> AblationMask {
    AblationMask(mask: Tensor(repeating: 1, shape: [batch, group.units]))
  }
}
