// Letters: n examples, C outputs.
import Networks
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

extension Predictions {
  /// What outputs that are there already say of classes or numbers.
  ///
  /// - Parameter outputs: z, n × C.
  public init(outputs: Tensor, targets: TargetValues) {
    var isClassification = false
    if case .classes = targets { isClassification = true }
    let n = outputs.shape[0]
    let loss: Loss = isClassification ? .crossEntropy : .squaredError
    let signals = Tensor(uninitialized: [4, n])
    let target = signals.storage
    _ = OutputSignals.forEach(outputs, targets, loss: loss, scale: 1) { row, values in
      target.base[row] = Float(values.loss)
      target.base[n + row] = Float(values.margin)
      target.base[2 * n + row] = Float(values.probability)
      target.base[3 * n + row] = values.isCorrect ? 1 : 0
    }
    func row(_ index: Int) -> [Float] {
      Array(UnsafeBufferPointer(start: target.base + index * n, count: n))
    }
    self.init(
      logits: outputs, losses: row(0), margins: isClassification ? row(1) : [],
      probabilities: isClassification ? row(2) : [],
      predicted: isClassification ? Predictor.largest(outputs) : [],
      correct: isClassification ? row(3).map { $0 == 1 } : [])
  }
}
