// Letters: z outputs, y the true class, p softmax of z, t real targets.
import Networks

/// What is kept of every training example in every epoch.
///
/// Values are those of the training pass itself, as the example was visited: before its step, with
/// dropout on. They cost no second pass. Of a sequence that predicts its next tokens, loss and margin
/// are sums over its targets, the probability is their mean, and EL2N the norm over all of them.
public enum ExampleSignal: String, CaseIterable, Sendable, Codable {
  /// ℓ, the training loss.
  case loss
  /// log(p_y/(1 − p_y)).
  case margin
  /// p_y.
  case probability
  /// 1 where the largest output is the true class's (the first of equal ones), else 0.
  case correct
  /// ‖p − e_y‖ (Paul et al. 2021), or ‖z − t‖: the norm of the loss gradient by the outputs.
  case el2n
  /// ‖g_i‖, the norm of the loss gradient by all parameters.
  case gradientNorm

  /// The signals that a loss has.
  public static func signals(of loss: Loss) -> [ExampleSignal] {
    switch loss {
    case .crossEntropy: allCases
    case .squaredError: [.loss, .el2n, .gradientNorm]
    // The norm of a sequence's gradient would cost a third of the step.
    case .nextToken: [.loss, .margin, .probability, .el2n]
    }
  }
}

extension OutputSignals {
  /// A signal of the outputs; nil for that of the parameters.
  subscript(signal: ExampleSignal) -> Float? {
    switch signal {
    case .loss: Float(loss)
    case .margin: Float(margin)
    case .probability: Float(probability)
    case .correct: isCorrect ? 1 : 0
    case .el2n: Float(el2n)
    case .gradientNorm: nil
    }
  }
}
