// Letters: B examples, T positions, U units, W activations of a position.
import Tensors

/// What an ablated activation becomes.
public enum AblationValue: Sendable {
  /// 0.
  case zero
  /// One value an activation, W, for all examples: a mean.
  case constant(Tensor)
  /// Values by example, B × W, at all its positions; or by example and position, as the activations
  /// themselves: those of another example.
  case rows(Tensor)
}

/// An ablation of one group: y = m ∘ x + (1 − m) ∘ value, a row of the mask an example.
public struct AblationMask: Sendable {
  /// m, B × U: 1 keeps, 0 ablates, what is between scales.
  public let mask: Tensor
  /// What an ablated activation becomes.
  public let value: AblationValue
  /// Whether all is kept.
  let keepsAll: Bool

  /// A mask with its ablation value.
  public init(mask: Tensor, value: AblationValue = .zero) {
    (self.mask, self.value) = (mask, value)
    keepsAll = (0..<mask.count).allSatisfy { mask.storage.base[$0] == 1 }
  }

  /// What is wrong with the sizes for `batch` examples of some positions; nil when they fit.
  ///
  /// - Parameter positions: T; nil: any number.
  func mismatch(_ group: ComponentGroup, batch: Int, positions: Int?) -> String? {
    if mask.shape != [batch, group.units] {
      return "mask \(mask.shape), not \([batch, group.units])"
    }
    switch value {
    case .zero: return nil
    case .constant(let values):
      return values.count == group.width ? nil : "value \(values.shape), not [\(group.width)]"
    case .rows(let values):
      let row = batch * group.width
      let isWhole =
        positions.map { values.count == row * $0 } ?? (row == 0 || values.count % row == 0)
      return values.shape.last == group.width && (values.count == row || isWhole)
        ? nil : "value \(values.shape), not \([batch, group.width]) or as the activations"
    }
  }
}
