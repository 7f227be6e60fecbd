// Letters: B batch, C outputs (logits) z, y the true class, p softmax of z, t real targets.
import Foundation
import Networks
import Tensors

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

/// Loss, its derivative and the signals of a few outputs.
enum OutputSignals {
  /// The signals of one example's outputs.
  struct Row {
    var loss = 0.0
    var margin = 0.0
    var probability = 0.0
    /// −∂ℓ/∂f of the margin: 1 − p_y, of a sequence its mean.
    var residual = 0.0
    var isCorrect = false
    var el2n = 0.0
  }

  /// Cross-entropy, its derivative and the signals of one row.
  ///
  ///     margin f = z_y − log Σ_{k≠y} e^z_k,   ℓ = log(1 + e^−f),   p_y = 1/(1 + e^−f)
  ///     ∂ℓ/∂z_k = p_k − [k = y], with p_k = (1 − p_y) e^z_k / Σ_{j≠y} e^z_j for k ≠ y
  ///
  /// - Parameters:
  ///   - z: C logits.
  ///   - gradient: gets `scale` ∂ℓ/∂z, C values.
  /// - Precision: fp64 throughout, the gradient rounded twice; no cancellation as p_y → 1.
  static func crossEntropy(
    _ z: UnsafePointer<Float>, count: Int, y: Int, scale: Double,
    gradient: UnsafeMutablePointer<Float>
  ) -> Row {
    var largest = -Float.infinity
    var best = -1
    for k in 0..<count where k != y && (z[k] > largest || z[k].isNaN) {
      largest = z[k]
      best = k
    }
    var sum = 0.0
    for k in 0..<count where k != y {
      let e = exp(Double(z[k] - largest))
      gradient[k] = Float(e)
      sum += e
    }
    let margin = Double(z[y]) - Double(largest) - log(sum)
    // 1 − p_y and p_y, each without cancellation.
    let wrong = 1 / (1 + exp(margin))
    let right = 1 / (1 + exp(-margin))
    var squares = wrong * wrong
    for k in 0..<count where k != y {
      let p = Double(gradient[k]) * (wrong / sum)
      squares += p * p
      gradient[k] = Float(p * scale)
    }
    gradient[y] = Float(-wrong * scale)
    let loss = margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin
    return Row(
      loss: loss, margin: margin, probability: right, residual: wrong,
      isCorrect: z[y] > largest || (z[y] == largest && y < best), el2n: squares.squareRoot())
  }

  /// ½‖z − t‖², its derivative and the signals of one row.
  static func squaredError(
    _ z: UnsafePointer<Float>, _ t: UnsafePointer<Float>, count: Int, scale: Double,
    gradient: UnsafeMutablePointer<Float>
  ) -> Row {
    var squares = 0.0
    for k in 0..<count {
      let error = Double(z[k]) - Double(t[k])
      squares += error * error
      gradient[k] = Float(error * scale)
    }
    return Row(loss: squares / 2, el2n: squares.squareRoot())
  }

  /// Rows a worker takes at a time.
  private static let grain = 64

  /// Calls `body` with each row's signals and gives the scaled derivatives, B × C.
  ///
  /// - Parameter body: called from several threads, once a row.
  static func forEach(
    _ outputs: Tensor, _ targets: TargetValues, loss: Loss, scale: Double,
    _ body: @Sendable (Int, Row) -> Void
  ) -> Tensor {
    if case .tokens(let tokens) = targets {
      return forEachSequence(outputs, tokens, scale: scale, body)
    }
    precondition(targets.count == outputs.rowCount, "\(targets.count) targets, \(outputs.shape)")
    let gradient = Tensor(uninitialized: outputs.shape)
    let (z, dz, width) = (outputs.storage, gradient.storage, outputs.rowLength)
    Workers.run(over: outputs.rowCount, grain: grain) { rows in
      for row in rows {
        let start = row * width
        switch (loss, targets) {
        case (.crossEntropy, .classes(let classes)):
          body(
            row,
            crossEntropy(
              z.base + start, count: width, y: Int(classes[row]), scale: scale,
              gradient: dz.base + start))
        case (.squaredError, .values(let values)):
          body(
            row,
            squaredError(
              z.base + start, values.storage.base + start, count: width, scale: scale,
              gradient: dz.base + start))
        default: preconditionFailure("\(loss) of these targets")
        }
      }
    }
    return gradient
  }
}
