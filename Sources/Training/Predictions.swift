// Letters: n examples, C outputs.
import Tensors

/// What a model says of each example in evaluation mode.
public struct Predictions: Sendable {
  /// The outputs z, n × C; n × 0 for sequences, whose outputs at every position are not kept.
  public let logits: Tensor
  /// ℓ of each example.
  public let losses: [Float]
  /// log(p_y/(1 − p_y)) of each example, summed over a sequence's targets; empty for numbers.
  public let margins: [Float]
  /// p_y of each example, the mean over a sequence's targets; empty for numbers.
  public let probabilities: [Float]
  /// The class of the largest output, the first of equal ones; empty for numbers
  /// and sequences.
  public let predicted: [Int32]
  /// Whether `predicted` is the true class; empty for numbers and
  /// sequences.
  public let correct: [Bool]

  /// Mean loss, in fp64; 0 of no examples.
  public var meanLoss: Double {
    losses.reduce(0.0) { $0 + Double($1) } / Double(max(1, losses.count))
  }

  /// Share of examples predicted rightly; nil for numbers and sequences.
  public var accuracy: Double? {
    correct.isEmpty ? nil : Double(correct.count { $0 }) / Double(correct.count)
  }
}
