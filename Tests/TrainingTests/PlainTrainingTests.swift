import Foundation
import Randomness
import Tensors
import TestSupport
import Testing

@testable import Training

/// Schedules, optimizers and orders beside the plain loops that define them.
@Suite("Plain loops of training")
struct PlainTrainingTests {
  static let kinds: [ScheduleConfiguration.Kind] = [
    .constant, .cosine(minimum: 0), .cosine(minimum: 0.02), .step(every: 1, factor: 0.5),
    .step(every: 2, factor: 0.1),
  ]

  @Test(
    "the rate of every step is that of the formula in its doc comment", arguments: kinds,
    [
      (ScheduleConfiguration.WarmUp.steps(0), 0), (.steps(1), 1), (.steps(7), 7),
      (.epochs(0.5), 3), (.epochs(2), 10),
    ])
  func rates(kind: ScheduleConfiguration.Kind, warmUp: (ScheduleConfiguration.WarmUp, Int)) {
    let (stepsPerEpoch, epochs, rate) = (5, 6, 0.3)
    let all = stepsPerEpoch * epochs
    let (warm, w) = warmUp
    let schedule = ScheduleConfiguration(kind, warmUp: warm)
    for s in 0..<all {
      let epoch = s / stepsPerEpoch + 1
      let expected: Double =
        if s < w {
          rate * Double(s + 1) / Double(w)
        } else {
          switch kind {
          case .constant: rate
          case .cosine(let minimum):
            minimum + (rate - minimum)
              * (1 + cos(.pi * Double(s - w) / Double(all - w))) / 2
          case .step(let every, let factor): rate * pow(factor, Double((epoch - 1) / every))
          }
        }
      let found = schedule.rate(at: s, rate: rate, stepsPerEpoch: stepsPerEpoch, epochs: epochs)
      #expect(abs(found - expected) < 1e-15, "step \(s)")
    }
  }

  @Test("a warm-up rises to the rate, and a cosine falls from it, at every step")
  func shapes() {
    let schedule = ScheduleConfiguration(.cosine(minimum: 0.01), warmUp: .steps(9))
    let rates = (0..<40).map { schedule.rate(at: $0, rate: 0.5, stepsPerEpoch: 8, epochs: 5) }
    #expect(zip(rates[..<9], rates[1..<9]).allSatisfy { $0 < $1 })
    #expect(rates[8] == 0.5 && rates[9] == 0.5)
    #expect(zip(rates[9...], rates[10...]).allSatisfy { $0 > $1 })
    #expect(rates[39] > 0.01 && rates[39] < 0.02)
  }

  // MARK: Optimizers

  private func values(_ count: Int, seed: UInt64, index: UInt64) -> Tensor {
    let result = Tensor(uninitialized: [count])
    RandomStream(seed: seed, purpose: .probe, index: index).fillGaussian(
      result.storage.base, count: count)
    return result
  }

  /// PyTorch's rules in double.
  private struct PlainOptimizer {
    let configuration: OptimizerConfiguration
    var first: [Double]
    var second: [Double]

    init(_ configuration: OptimizerConfiguration, _ count: Int) {
      self.configuration = configuration
      (first, second) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    }

    mutating func update(_ p: inout [Double], _ gradient: [Double], rate: Double, step t: Double) {
      for i in p.indices {
        var g = gradient[i]
        switch configuration {
        case .sgd(let momentum, let nesterov, let decay):
          g += decay * p[i]
          first[i] = momentum * first[i] + g
          p[i] -= rate * (nesterov ? g + momentum * first[i] : first[i])
        case .adam(let beta1, let beta2, let epsilon, let decay):
          g += decay * p[i]
          p[i] -= moved(i, g, beta1, beta2, epsilon, rate, t)
        case .adamw(let beta1, let beta2, let epsilon, let decay):
          p[i] -= rate * decay * p[i]
          p[i] -= moved(i, g, beta1, beta2, epsilon, rate, t)
        }
      }
    }

    private mutating func moved(
      _ i: Int, _ g: Double, _ beta1: Double, _ beta2: Double, _ epsilon: Double, _ rate: Double,
      _ t: Double
    ) -> Double {
      first[i] = beta1 * first[i] + (1 - beta1) * g
      second[i] = beta2 * second[i] + (1 - beta2) * g * g
      let size = (second[i] / (1 - pow(beta2, t))).squareRoot() + epsilon
      return rate * first[i] / (1 - pow(beta1, t)) / size
    }
  }

  static let optimizers: [OptimizerConfiguration] = [
    .sgd(), .sgd(weightDecay: 0.1), .sgd(momentum: 0.9), .sgd(momentum: 0.5, weightDecay: 0.2),
    .sgd(momentum: 0.9, nesterov: true), .sgd(momentum: 0.8, nesterov: true, weightDecay: 0.05),
    .adam(), .adam(beta1: 0.7, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.1), .adamw(),
    .adamw(beta1: 0, beta2: 0.5, weightDecay: 0.3),
  ]

  @Test("twelve steps are those of a plain loop in double", arguments: optimizers, [UInt64(0), 1])
  func steps(configuration: OptimizerConfiguration, seed: UInt64) {
    let count = 37
    var parameters = values(count, seed: seed, index: 0)
    var expected = parameters.elements.map { Double($0) }
    var optimizer = Optimizer(configuration, parameterCount: count)
    var plain = PlainOptimizer(configuration, count)
    for step in 0..<12 {
      let gradient = values(count, seed: seed, index: UInt64(step + 1))
      let rate = 0.1 / Double(step + 1)
      optimizer.update(&parameters, gradient: gradient, rate: rate, step: step)
      plain.update(
        &expected, gradient.elements.map { Double($0) }, rate: rate, step: Double(step + 1))
      // Twelve sums of roundings of 2⁻²⁴ of values up to 3.
      #expect(
        relativeDifference(parameters.elements, expected) < 4e-6, "step \(step) seed \(seed)")
    }
    if let buffer = optimizer.buffers.first {
      #expect(relativeDifference(buffer.value.elements, plain.first) < 4e-6)
    }
    #expect(optimizer.buffers.count == configuration.bufferCount)
  }

  @Test("only what is to move moves, as it does when all moves", arguments: optimizers)
  func ranges(configuration: OptimizerConfiguration) {
    let start = values(20, seed: 3, index: 0)
    let gradient = values(20, seed: 3, index: 1)
    func moved(_ ranges: [Range<Int>]?) -> [Float] {
      var (parameters, optimizer) = (start, Optimizer(configuration, parameterCount: 20))
      for step in 0..<3 {
        optimizer.update(&parameters, gradient: gradient, rate: 0.1, step: step, ranges: ranges)
      }
      return parameters.elements
    }
    let (all, some) = (moved(nil), moved([2..<5, 11..<19]))
    for i in 0..<20 {
      let isFree = (2..<5).contains(i) || (11..<19).contains(i)
      #expect(some[i] == (isFree ? all[i] : start[i]), "\(i)")
    }
    #expect(all != start.elements)
  }

  @Test(
    "a step of Adam has the size of its rate whatever the gradient's scale",
    arguments: [1e-3, 1, 1e3])
  func scale(factor: Float) {
    var parameters = Tensor([1, -2, 3], shape: [3])
    var optimizer = Optimizer(.adam(), parameterCount: 3)
    optimizer.update(
      &parameters, gradient: Tensor([factor, -factor, 0], shape: [3]), rate: 0.01, step: 0)
    for (found, expected) in zip(parameters.elements, [0.99, -1.99, 3] as [Float]) {
      #expect(abs(found - expected) < 2e-6)
    }
  }

  // MARK: Orders

  @Test("every epoch visits every example once, in batches of the size", arguments: 0..<8)
  func orders(seed: Int) {
    let (count, batch) = (11 + seed * 3, 4 + seed % 3)
    let order = BatchOrder(count: count, batch: batch, seed: UInt64(seed))
    for epoch in 1...3 {
      let batches = order.batches(epoch: epoch)
      #expect(batches.count == order.stepsPerEpoch)
      #expect(batches.dropLast().allSatisfy { $0.count == batch })
      #expect(batches.last.map { (1...batch).contains($0.count) } == true)
      #expect(batches.flatMap { $0 } == order.permutation(epoch: epoch), "seed \(seed)")
      #expect(batches.flatMap { $0 }.sorted() == Array(0..<count), "seed \(seed)")
    }
    #expect(order.permutation(epoch: 1) != order.permutation(epoch: 2), "seed \(seed)")
    let other = BatchOrder(count: count, batch: batch, seed: UInt64(seed) + 100)
    #expect(order.permutation(epoch: 1) != other.permutation(epoch: 1), "seed \(seed)")
    // The order does not depend on how it is cut.
    let wide = BatchOrder(count: count, batch: count, seed: UInt64(seed))
    #expect(wide.permutation(epoch: 1) == order.permutation(epoch: 1))
  }

  @Test("kept epochs are those whose first digit is 1, 2 or 5 and whose others are 0, and the last")
  func kept() {
    for epochs in [1, 2, 3, 9, 10, 47, 100, 1_234] {
      let expected = (1...epochs).filter { epoch in
        let digits = String(epoch)
        return epoch == epochs
          || ("125".contains(digits.prefix(1)) && digits.dropFirst().allSatisfy { $0 == "0" })
      }
      #expect(CheckpointSelection.log.numbers(epochs: epochs) == expected, "\(epochs)")
      #expect(CheckpointSelection.every.numbers(epochs: epochs) == Array(1...epochs))
      #expect(CheckpointSelection.last.numbers(epochs: epochs) == [epochs])
      #expect(
        CheckpointSelection.epochs([3, 1, 99]).numbers(epochs: epochs)
          == Set([1, 3, 99, epochs].filter { $0 <= epochs }).sorted())
    }
  }

  // MARK: Errors

  static let errors: [(any DiagnosableError, String, Int32)] = [
    (
      TrainingError.augmentInputs(shape: [3, 4], crop: 1),
      """
      error: `augment` changes images larger than 1 pixel; the examples are 3 × 4.
        at:  training.augment
        fix: give height × width or channels × height × width examples, or remove `augment`.
      """, 3
    ),
    (
      TrainingError.lossTargets(loss: "squared", targets: "classes"),
      """
      error: the loss squared is not defined for classes.
        at:  training.loss
        fix: leave `loss` out: it follows from the targets.
      """, 3
    ),
    (
      TrainingError.microBatch(1, batch: 32),
      """
      error: the network's batch norm takes its statistics over the whole batch of 32, not over \
      1 example at a time.
        at:  training.microBatch
        fix: leave `microBatch` out, or choose smaller batches (training.batch).
      """, 3
    ),
    (
      TrainingError.savingDimension(kind: "mask", dimension: 90, allowed: 1...40),
      """
      error: mask features of this network cannot be 90: at least 1, at most 40.
        at:  training.save.dimension
        fix: save dimension: 40.
      """, 3
    ),
    (
      TrainingError.savingDimension(kind: "sjlt", dimension: 0, allowed: 1...Int.max),
      """
      error: sjlt features of this network cannot be 0: at least 1.
        at:  training.save.dimension
        fix: save dimension: 1.
      """, 3
    ),
    (
      TrainingError.diverged(seed: 2, epoch: 3, step: 41, loss: .nan),
      """
      error: the training diverged: the loss is not a number at step 41.
        at:  seed 2, epoch 3
        fix: train with a smaller rate, or add a warm-up (schedule.warmup).
      """, 1
    ),
    (
      TrainingError.diverged(seed: 0, epoch: 1, step: 0, loss: .infinity),
      """
      error: the training diverged: the loss is inf at step 0.
        at:  seed 0, epoch 1
        fix: train with a smaller rate, or add a warm-up (schedule.warmup).
      """, 1
    ),
    (
      TrainingError.cancelled(run: "digits", resumable: false),
      """
      error: the training of digits was stopped.
        at:  digits
        fix: give the same command again.
      """, 1
    ),
    (
      TrainingError.cancelled(run: "digits", resumable: true),
      """
      error: the training of digits was stopped.
        at:  digits
        fix: give the same command again to go on.
      """, 1
    ),
    (
      ReplayError.notTrainedHere(run: "gpt"),
      """
      error: the run's weights come from elsewhere: there is no training to replay.
        at:  gpt
        fix: train the model as a run of its own.
      """, 3
    ),
    (
      ReplayError.replayDiffers(
        checkpoint: "seed-0/epoch-2", recorded: "ab", found: "cd", run: "r"),
      """
      error: replayed, the training comes to other weights at seed-0/epoch-2: hash ab recorded, \
      cd now.
        at:  r
        fix: replay it with the program and the libraries that trained it, or train it again here.
      """, 4
    ),
    (
      ReplayError.replayElsewhere(
        field: "blasCore", recorded: "Haswell", found: "SkylakeX", run: "r"),
      """
      error: the run was trained with blasCore Haswell, here it is SkylakeX: a replay would have \
      other bits.
        at:  r
        fix: replay it where it was trained, or train it again here.
      """, 4
    ),
  ]

  @Test("what goes wrong is told with its place and its remedy", arguments: errors.indices)
  func words(index: Int) {
    let (error, text, code) = Self.errors[index]
    #expect(error.description == text)
    #expect(error.exitCode == code)
  }
}
