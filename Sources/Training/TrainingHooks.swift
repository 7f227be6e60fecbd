import Factors
import Networks
import Tensors

/// One optimisation step, for methods that follow a run from inside; what its record has, it has.
@dynamicMemberLookup
public struct StepReport: Sendable {
  /// Step, epoch, rate, examples and their losses.
  public let record: StepRecord
  /// The parameters at which the gradient was taken, p values.
  public let before: Tensor
  /// The gradient of the mean loss over the batch, p values.
  public let gradient: Tensor
  /// The batch's loss gradients in factored form, each times 1/B.
  public let factors: ExampleGradients
  /// The parameters after the step, p values.
  public let after: Tensor

  /// What the record has.
  public subscript<Value>(dynamicMember path: KeyPath<StepRecord, Value>) -> Value {
    record[keyPath: path]
  }
}

/// One finished epoch.
public struct EpochReport: Sendable {
  /// The run's seed.
  public let seed: UInt64
  /// From 1.
  public let epoch: Int
  /// Of how many.
  public let epochs: Int
  /// Mean loss of the examples as they were visited.
  public let loss: Double
  /// Share of the examples right as they were visited; classification only.
  public let accuracy: Double?
  /// The learning rate of the last step.
  public let rate: Double
  /// Wall-clock seconds of the epoch; recorded nowhere.
  public let seconds: Double
  /// Number of examples visited.
  public let examples: Int
  /// The parameters after the epoch, p values.
  public let parameters: Tensor
  /// Every example's signals.
  public let signals: EpochSignals
}

/// What is called from inside a run.
///
/// Several seeds may call from several threads at once.
public struct TrainingHooks: Sendable {
  /// After every optimisation step.
  ///
  /// Costs a copy of the parameters a step.
  public var afterStep: (@Sendable (StepReport) throws -> Void)?
  /// After every epoch, before anything of it is written.
  public var afterEpoch: (@Sendable (EpochReport) throws -> Void)?
  /// Asked before every step; true ends the run with `TrainingError.cancelled`.
  public var isCancelled: @Sendable () -> Bool

  /// Hooks; none by default.
  public init(
    afterStep: (@Sendable (StepReport) throws -> Void)? = nil,
    afterEpoch: (@Sendable (EpochReport) throws -> Void)? = nil,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    (self.afterStep, self.afterEpoch, self.isCancelled) = (afterStep, afterEpoch, isCancelled)
  }
}
