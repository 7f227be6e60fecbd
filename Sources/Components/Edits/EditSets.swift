import Datasets
import Tensors

/// The examples that an edit is found on: those it is for, and those it is to spare.
public struct EditSets: Sendable {
  /// Examples that τ is of.
  public let fitTarget, fitReference: MaskedOutputs
  /// Examples that the number of components is chosen on.
  public let chooseTarget, chooseReference: MaskedOutputs
  /// Whether f is to rise on the target; else it is to fall.
  public let raises: Bool
  /// What is lost on the reference at the most, in the metric's units.
  public let allowedLoss: Double
  /// What the sets are judged by.
  public let metric: EditMetric

  /// - Parameter allowedLoss: in the metric's units.
  public init(
    fitTarget: MaskedOutputs, fitReference: MaskedOutputs, chooseTarget: MaskedOutputs,
    chooseReference: MaskedOutputs, raises: Bool, allowedLoss: Double, metric: EditMetric
  ) {
    (self.fitTarget, self.fitReference) = (fitTarget, fitReference)
    (self.chooseTarget, self.chooseReference) = (chooseTarget, chooseReference)
    (self.raises, self.allowedLoss, self.metric) = (raises, allowedLoss, metric)
  }
}
