import Tensors

extension Pass {
  /// What was seen at the ablation points, by point.
  package struct Observations: Sendable {
    /// The activations x that reach a point, before its mask: B × …; of a block what it changes.
    package internal(set) var activations: [Int: Tensor] = [:]
    /// ∂f/∂y, by what leaves a point: where nothing is masked, the gradient by the activations.
    package internal(set) var gradients: [Int: Tensor] = [:]
    /// ∂f/∂m, B × units: Σ of ∂f/∂y ∘ (x − value) over each unit's activations and positions.
    package internal(set) var maskGradients: [Int: Tensor] = [:]
    /// Activations that mask gradients are made of.
    fileprivate var inputs: [Int: Tensor] = [:]
  }

  /// The mask at a point; nil: nothing is masked there.
  func rows(at group: ComponentGroup) -> MaskedRows? {
    if ablation.isEmpty { return nil }
    return ablation[group.point].map { MaskedRows(ablation: $0, group: group) }
  }

  /// The mask for what reaches a point; nil: nothing is masked there, or the mask is a misfit that
  /// was noted.
  func rows(at group: ComponentGroup, of x: borrowing Tensor) -> MaskedRows? {
    guard let rows = rows(at: group) else { return nil }
    guard notesMisfits, let fault = rows.misfit(x) else { return rows }
    misfit = misfit ?? .mismatch(group: group.description, fault: fault, batch: batch)
    return nil
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
