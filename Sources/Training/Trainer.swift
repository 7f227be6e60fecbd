// Letters: n training examples, B batch, p parameters.
import Datasets
import Factors
import Networks
import Tensors

/// The training of one network on one set of examples with one seed, in memory.
///
/// Same configuration, data and seed: same bits, for any thread count.
public struct Trainer: Sendable {
  /// The network.
  public let network: Network
  /// The loss whose mean over each batch is minimised.
  public let loss: Loss
  /// Optimizer, rate, schedule, batch and epochs.
  public let configuration: TrainingConfiguration
  /// Decides initial parameters, batch order, dropout and the changes of images.
  public let seed: UInt64
  /// The order of the examples.
  public let order: BatchOrder

  private let inputs: Tensor
  private let targets: TargetValues
  private let rows: [Int]?

  /// A training.
  ///
  /// - Parameters:
  ///   - data: the training examples.
  ///   - rows: the rows of `data` to train on, all when nil. The result is that of training on
  ///     `data.subset(rows)`, to the bit.
  ///   - seed: `configuration.seed` when nil.
  /// - Throws: `TrainingError.lossTargets` when the configured loss is not the targets',
  ///   `.augmentInputs` when the examples are no images that could be changed.
  public init(
    network: Network, configuration: TrainingConfiguration, data: Dataset, rows: [Int]? = nil,
    seed: UInt64? = nil
  ) throws(TrainingError) {
    self.network = network
    self.configuration = configuration
    self.seed = seed ?? configuration.seed
    self.rows = rows
    try configuration.augmentation?.requireImages(data.featureShape)
    inputs = data.inputs
    targets = TargetValues(data.targets)
    loss = try Loss(configuration.loss, for: data.targets)
    order = BatchOrder(
      count: rows?.count ?? data.count, batch: configuration.batch, seed: self.seed)
  }

  /// Number n of training examples.
  public var count: Int { order.count }

  /// The state before the first step: the network's initial parameters under the seed.
  public func initialState() -> TrainingState {
    TrainingState(
      parameters: network.initialParameters(seed: seed), optimizer: configuration.optimizer)
  }

  /// The whole training, without files.
  ///
  /// - Parameter initial: where to begin; `initialState()` when nil.
  /// - Returns: the state after the last epoch.
  /// - Throws: `TrainingError.diverged`, `.cancelled`, and what the hooks throw.
  public func train(
    from initial: TrainingState? = nil, hooks: TrainingHooks = TrainingHooks()
  ) throws -> TrainingState {
    var state = initial ?? initialState()
    while state.epoch < configuration.epochs {
      if hooks.afterEpoch == nil {
        // Nobody reads the signals.
        try runSteps(&state, hooks: hooks, signals: nil)
      } else {
        _ = try runEpoch(&state, hooks: hooks)
      }
    }
    return state
  }

  /// One epoch.
  ///
  /// - Returns: every example's signals as it was visited, S × n, in the order of the examples.
  /// - Throws: `TrainingError.diverged`, `.cancelled`, and what the hooks throw; the state is then
  ///   in the middle of the epoch and no longer of use.
  public func runEpoch(
    _ state: inout TrainingState, hooks: TrainingHooks = TrainingHooks()
  ) throws -> EpochSignals {
    let clock = ContinuousClock()
    let start = clock.now
    let signals = EpochSignals(loss: loss, count: count)
    let rate = try runSteps(&state, hooks: hooks, signals: signals.values.storage)
    if let afterEpoch = hooks.afterEpoch {
      try afterEpoch(
        EpochReport(
          seed: seed, epoch: state.epoch, epochs: configuration.epochs,
          loss: signals.mean(.loss) ?? 0, accuracy: signals.mean(.correct), rate: rate,
          seconds: (clock.now - start) / .seconds(1), examples: count,
          parameters: state.parameters, signals: signals))
    }
    return signals
  }

  /// The steps of one epoch.
  ///
  /// - Parameter signals: gets every example's signals, S × n; nil: nobody reads them.
  /// - Returns: the learning rate of the last step.
  @discardableResult
  private func runSteps(
    _ state: inout TrainingState, hooks: TrainingHooks, signals: Buffer<Float>?
  ) throws -> Double {
    var rate = 0.0
    for batch in order.batches(epoch: state.epoch + 1) {
      if hooks.isCancelled() {
        throw TrainingError.cancelled(run: "seed \(seed)", resumable: false)
      }
      rate = configuration.schedule.rate(
        at: state.step, rate: configuration.rate, stepsPerEpoch: order.stepsPerEpoch,
        epochs: configuration.epochs)
      try step(&state, batch: batch, rate: rate, signals: signals, hooks: hooks)
    }
    state.epoch += 1
    return rate
  }

  /// θ ← optimizer(θ, ∇ mean_i ℓ_i) over one batch; signals into the batch's columns.
  private func step(
    _ state: inout TrainingState, batch: [Int], rate: Double, signals: Buffer<Float>?,
    hooks: TrainingHooks
  ) throws {
    let (gradient, factors, buffers) = try backward(
      state, batch: batch, signals: signals, needsFactors: hooks.afterStep != nil)
    let before = hooks.afterStep == nil ? nil : state.parameters
    state.optimizer.update(
      &state.parameters, gradient: gradient, rate: rate, step: state.step,
      ranges: network.selection?.ranges)
    if !buffers.isEmpty {
      // Running statistics are not the optimizer's: they become what the pass made of them.
      let target = state.parameters.writableStorage()
      for (offset, values) in buffers
      where !network.frozenBuffers.contains(where: { $0.offset == offset }) {
        (target.base + offset).update(from: values.storage.base, count: values.count)
      }
    }
    if let afterStep = hooks.afterStep, let before {
      try afterStep(
        StepReport(
          seed: seed, epoch: state.epoch + 1, step: state.step, rate: rate, rows: batch,
          before: before, gradient: gradient, factors: factors, after: state.parameters))
    }
    state.step += 1
  }

  /// Forward and backward over one batch; the pass and its tensors are gone afterwards.
  private func backward(
    _ state: TrainingState, batch: [Int], signals: Buffer<Float>?, needsFactors: Bool
  ) throws(TrainingError) -> (
    gradient: Tensor, factors: ExampleGradients, buffers: [Int: Tensor]
  ) {
    let examples = rows.map { rows in batch.map { rows[$0] } } ?? batch
    let pass = network.pass(
      state.parameters, batch: batch.count,
      dropout: DropoutDraws(seed: seed, step: UInt64(state.step)))
    var images = inputs.gathered(examples)
    if let augmentation = configuration.augmentation {
      // By the place in the training set: a subset trains as a data set of its own does.
      images = augmentation.applied(
        to: images, examples: batch, epoch: state.epoch + 1, seed: seed)
    }
    let outputs = network.root.forward(images, pass)
    let losses = Buffer<Float>(uninitialized: batch.count)
    let (n, isClassification, isSequence) = (count, loss == .crossEntropy, loss == .nextToken)
    let derivative = OutputSignals.forEach(
      outputs, targets.gathered(examples), loss: loss, scale: 1 / Double(batch.count)
    ) { row, values in
      losses.base[row] = Float(values.loss)
      guard let column = signals.map({ $0.base + batch[row] }) else { return }
      column[0] = Float(values.loss)
      column[(isClassification ? 4 : isSequence ? 3 : 1) * n] = Float(values.el2n)
      guard isClassification || isSequence else { return }
      column[n] = Float(values.margin)
      column[2 * n] = Float(values.probability)
      if isClassification { column[3 * n] = values.isCorrect ? 1 : 0 }
    }
    try requireFinite(losses, state)
    pass.gradient = Tensor(repeating: 0, shape: [network.parameterCount])
    let needsNorms = signals != nil && !isSequence
    if needsFactors {
      pass.recorder = FactorRecorder(selection: network.selection)
    } else if needsNorms {
      pass.recorder = .ofNorms(selection: network.selection)
    }
    _ = network.root.backward(derivative, pass)
    let none = ExampleGradients(count: batch.count, blocks: [])
    let factors = needsFactors ? pass.recorder?.gradients(count: batch.count) ?? none : none
    if needsNorms, let signals, let recorder = pass.recorder {
      let norms = signals.base + (signals.count - n)
      for (row, square) in recorder.squaredNorms(count: batch.count).enumerated() {
        norms[batch[row]] = square.squareRoot() * Float(batch.count)
      }
    }
    return (
      pass.gradient ?? Tensor(repeating: 0, shape: [network.parameterCount]), factors,
      pass.bufferUpdates
    )
  }

  private func requireFinite(
    _ losses: Buffer<Float>, _ state: TrainingState
  ) throws(TrainingError) {
    let sum = (0..<losses.count).reduce(0.0) { $0 + Double(losses.base[$1]) }
    guard sum.isFinite else {
      throw .diverged(
        seed: seed, epoch: state.epoch + 1, step: state.step, loss: sum / Double(losses.count))
    }
  }
}

extension Loss {
  /// The configured loss if the targets have it, or the targets' own.
  init(_ configured: Loss?, for targets: Targets) throws(TrainingError) {
    let (own, words): (Loss, String) =
      switch targets {
      case .classes: (.crossEntropy, "classes")
      case .values: (.squaredError, "numbers")
      case .tokens: (.nextToken, "sequences")
      }
    guard configured == nil || configured == own else {
      throw .lossTargets(loss: configured?.rawValue ?? "", targets: words)
    }
    self = own
  }
}
