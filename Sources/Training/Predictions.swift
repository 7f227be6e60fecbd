// Letters: n examples, C outputs.
import Checkpoints
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

extension ModelMetrics {
  /// How a model does on training and test examples; nothing of a test set without examples.
  package init(train: Predictions, test: Predictions) {
    self.init(
      trainLoss: train.meanLoss, trainAccuracy: train.accuracy,
      testLoss: test.losses.isEmpty ? nil : test.meanLoss, testAccuracy: test.accuracy)
  }
}

extension Predictions {
  /// What outputs that are there already say of classes or numbers.
  ///
  /// - Parameter outputs: z, n × C.
  public init(outputs: Tensor, targets: TargetValues) {
    var loss = Loss.squaredError
    if case .classes = targets { loss = .crossEntropy }
    let signals = SignalRows(predictedBy: loss, of: outputs.shape[0])
    _ = loss.forEach(outputs, targets) { row, values in signals.write(values, example: row) }
    self.init(logits: outputs, signals, isClassification: loss == .crossEntropy)
  }

  /// Outputs and what was found of each example.
  init(logits: Tensor, _ signals: SignalRows, isClassification: Bool) {
    self.init(
      logits: logits, losses: signals.values(of: .loss), margins: signals.values(of: .margin),
      probabilities: signals.values(of: .probability),
      predicted: isClassification ? Predictor.largest(logits) : [],
      correct: signals.values(of: .correct).map { $0 == 1 })
  }
}

extension SignalRows {
  /// Rows for what a prediction says of n examples under a loss.
  init(predictedBy loss: Loss, of count: Int) {
    let kept = ExampleSignal.signals(of: loss).filter { $0 != .el2n && $0 != .gradientNorm }
    self.init(kept, of: count, in: Tensor(uninitialized: [kept.count, count]).storage)
  }
}
