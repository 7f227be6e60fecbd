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
  /// The metric of the target that is enough; nil: the more the better.
  public let goal: Double?
  /// What the sets are judged by.
  public let metric: EditMetric

  /// - Parameters:
  ///   - allowedLoss: in the metric's units.
  ///   - goal: as the metric; nil: the more the better.
  public init(
    fitTarget: MaskedOutputs, fitReference: MaskedOutputs, chooseTarget: MaskedOutputs,
    chooseReference: MaskedOutputs, raises: Bool, allowedLoss: Double, goal: Double? = nil,
    metric: EditMetric
  ) {
    (self.fitTarget, self.fitReference) = (fitTarget, fitReference)
    (self.chooseTarget, self.chooseReference) = (chooseTarget, chooseReference)
    (self.raises, self.allowedLoss, self.goal) = (raises, allowedLoss, goal)
    self.metric = metric
  }

  /// Whether a value of the metric on the target is enough.
  func isReached(_ value: Double) -> Bool {
    goal.map { raises ? value >= $0 : value <= $0 } ?? false
  }
}
