import Factors
import Tensors

/// States that are a list of tensors.
extension Pass {
  /// Whether gradients by any of some parameters are asked for.
  func selects(_ parameters: [Parameter]) -> Bool { plan.selects(parameters) }

  /// Keeps tensors for the rules that follow, where the plan says so.
  func save(_ tensors: [Tensor], at slot: Int) { keep(SavedTensors(tensors: tensors), at: slot) }

  /// What `forward` saved.
  func saved(at slot: Int) -> [Tensor] { self[slot, as: SavedTensors.self].tensors }

  /// Keeps tangents for `backwardTangent`, in place of those of an earlier direction; none: zero.
  func saveTangents(_ tensors: [Tensor], at slot: Int) {
    keepTangent(SavedTensors(tensors: tensors), at: slot)
  }

  /// What `forwardTangent` saved.
  func savedTangents(at slot: Int) -> [Tensor] {
    tangent(at: slot, as: SavedTensors.self)?.tensors ?? []
  }
}

private struct SavedTensors: SavedState {
  let tensors: [Tensor]
}
