/// Where in a run's training a checkpoint stands.
public struct TrainingPlace: Sendable, Equatable {
  /// The seed.
  public let seed: UInt64
  /// The learning rate there; nil where it is not known.
  public let rate: Double?

  /// A place.
  public init(seed: UInt64, rate: Double?) { (self.seed, self.rate) = (seed, rate) }
}

extension Run {
  /// Where checkpoints stand in the training, with the learning rate of the last step before each.
  ///
  /// Without a rate: gradients from elsewhere, weights from elsewhere whose run file has no `training`, or one that ends before
  /// the checkpoint's epoch.
  ///
  /// - Throws: `ConfigurationError` when this version no longer reads the run file.
  public func places(of checkpoints: [CheckpointReference]) throws -> [TrainingPlace] {
    guard !isForeign else {
      return checkpoints.map { TrainingPlace(seed: $0.seed, rate: nil) }
    }
    let configuration = try configuration()
    let training = configuration.training
    guard configuration.hasTraining else {
      return checkpoints.map { TrainingPlace(seed: $0.seed, rate: nil) }
    }
    let steps = try batchOrder(seed: training.seed).stepsPerEpoch
    return checkpoints.map { checkpoint in
      guard (0...training.epochs).contains(checkpoint.epoch) else {
        return TrainingPlace(seed: checkpoint.seed, rate: nil)
      }
      let rate = training.schedule.rate(
        at: max(0, checkpoint.epoch * steps - 1), rate: training.rate, stepsPerEpoch: steps,
        epochs: training.epochs)
      return TrainingPlace(seed: checkpoint.seed, rate: rate)
    }
  }
}
