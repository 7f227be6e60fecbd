// Letters: n training examples, B batch.
import Networks

/// What one step of a training is made of.
///
/// A function of configuration, data and seed alone: the step can be made again at any time, from
/// the state before it, with the same bits (`Trainer.step`, `Replay`).
public struct TrainingBatch: Sendable, Equatable {
  /// The order of the n training examples that the batch is a piece of.
  public let order: BatchOrder
  /// From 0, over the whole training.
  public let step: Int
  /// From 1.
  public let epoch: Int
  /// The learning rate, a constant of the step.
  public let rate: Double
  /// The examples as positions among the training examples, B of them.
  public let rows: [Int]
  /// How the batch is cut: the places in `rows` that go through the network one after the other
  /// (micro-batches), for each of the parts that workers take side by side.
  ///
  /// Gradients are added up in the order of the parts.
  public let parts: [[Range<Int>]]

  /// The training's seed.
  public var seed: UInt64 { order.seed }

  /// Where the dropout masks of a pass come from.
  ///
  /// - Parameter place: the place in `rows` of the pass's first example.
  public func dropout(from place: Int) -> DropoutDraws {
    DropoutDraws(seed: seed, step: UInt64(step), firstExample: place)
  }
}

/// One step that was made.
public struct StepRecord: Sendable, Equatable {
  /// The training's seed.
  public let seed: UInt64
  /// From 1.
  public let epoch: Int
  /// From 0, over the whole training.
  public let step: Int
  /// The learning rate.
  public let rate: Double
  /// The batch as positions among the training examples, B of them.
  public let rows: [Int]
  /// The examples' losses in the order of `rows`, at the parameters before the step.
  public let losses: [Float]

  /// A step with its examples' losses.
  init(_ batch: TrainingBatch, losses: [Float]) {
    (seed, epoch, step) = (batch.seed, batch.epoch, batch.step)
    (rate, rows, self.losses) = (batch.rate, batch.rows, losses)
  }

  /// The mean loss over the batch, which the step's gradient is of; in fp64.
  public var loss: Double {
    losses.reduce(0.0) { $0 + Double($1) } / Double(max(1, losses.count))
  }
}
