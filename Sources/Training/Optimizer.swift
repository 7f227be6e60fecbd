// Letters: p parameters.
import Tensors

/// An optimizer with its buffers: from parameters and gradient to the next parameters.
///
/// One pass over the flat vectors, PyTorch's formulas (`VectorMath+Optimizers.swift`).
public struct Optimizer: Sendable {
  /// The constants.
  public let configuration: OptimizerConfiguration
  /// Flat buffers of p values by name, zero at the start: `velocity`, or `firstMoment` and
  /// `secondMoment`.
  public internal(set) var buffers: [(name: String, value: Tensor)]

  /// An optimizer before its first step.
  public init(_ configuration: OptimizerConfiguration, parameterCount: Int) {
    self.configuration = configuration
    buffers = configuration.bufferNames.map { ($0, Tensor(repeating: 0, shape: [parameterCount])) }
  }

  /// Parameters a worker takes at a time.
  private static let grain = 1 << 15

  /// One step.
  ///
  /// - Parameters:
  ///   - gradient: p values, of the mean loss over the batch.
  ///   - rate: the learning rate of this step.
  ///   - step: from 0.
  ///   - ranges: what moves of the p values; nil: all of them.
  /// - Precision: each parameter's own arithmetic: same bits for any thread count.
  public mutating func update(
    _ parameters: inout Tensor, gradient: Tensor, rate: Double, step: Int,
    ranges: [Range<Int>]? = nil
  ) {
    for part in ranges ?? [0..<parameters.count] {
      update(&parameters, part, gradient: gradient, rate: rate, step: step)
    }
  }

  private mutating func update(
    _ parameters: inout Tensor, _ part: Range<Int>, gradient: Tensor, rate: Double, step: Int
  ) {
    let p = parameters.writableStorage()
    let g = gradient.storage
    let first = buffers.isEmpty ? p : buffers[0].value.writableStorage()
    let second = buffers.count < 2 ? first : buffers[1].value.writableStorage()
    let configuration = configuration
    Workers.run(over: part.count, grain: Optimizer.grain) { range in
      let start = part.lowerBound + range.lowerBound
      switch configuration {
      case .sgd(let momentum, _, let decay) where momentum == 0:
        VectorMath.sgdStep(
          p.base + start, gradient: g.base + start, count: range.count, rate: Float(rate),
          weightDecay: Float(decay))
      case .sgd(let momentum, let nesterov, let decay):
        let step = nesterov ? VectorMath.nesterovStep : VectorMath.sgdStep
        step(
          p.base + start, g.base + start, first.base + start, range.count, Float(rate),
          Float(momentum), Float(decay))
      case .adam(let beta1, let beta2, let epsilon, let decay):
        VectorMath.adamStep(
          p.base + start, gradient: g.base + start, firstMoment: first.base + start,
          secondMoment: second.base + start, count: range.count, step: step + 1, rate: rate,
          beta1: beta1, beta2: beta2, epsilon: epsilon,
          weightDecay: .addedToGradient(Float(decay)))
      case .adamw(let beta1, let beta2, let epsilon, let decay):
        VectorMath.adamStep(
          p.base + start, gradient: g.base + start, firstMoment: first.base + start,
          secondMoment: second.base + start, count: range.count, step: step + 1, rate: rate,
          beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: .decoupled(Float(decay)))
      }
    }
  }
}
