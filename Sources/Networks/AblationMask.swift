import Tensors

/// An ablation of one group: y = mask ∘ x + (1 − mask) ∘ value, a row of the mask an example.
public struct AblationMask: Sendable {
  /// B × units; 1 keeps, 0 ablates.
  public let mask: Tensor
  /// What an ablated activation becomes, one value an activation; nil: 0.
  public let value: Tensor?

  /// A mask with its ablation value.
  public init(mask: Tensor, value: Tensor? = nil) {
    self.mask = mask
    self.value = value
  }
}
