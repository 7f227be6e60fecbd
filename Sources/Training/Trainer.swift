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

  /// How many examples of a batch go through the network at a time.
  let microBatch: Int
  /// How many of those are one worker's part.
  let partSize: Int

  let inputs: Tensor
  let targets: TargetValues
  let rows: [Int]?
  /// w_i of each training example, as the data have them times those of the training; nil: 1.
  let weights: [Float]?

  /// A training.
  ///
  /// - Parameters:
  ///   - data: the training examples.
  ///   - rows: the rows of `data` to train on, all when nil. The result is that of training on
  ///     `data.subset(rows)`, to the bit.
  ///   - seed: `configuration.seed` when nil.
  ///   - weights: w_i of each training example in Σ_i w_i ℓ_i / B over its batches of B; nil: 1.
  ///     An example of weight 0 is visited, draws what it draws and counts in B, but moves nothing
  ///     by its loss.
  /// - Precondition: a weight for each training example, none of them infinite or NaN.
  /// - Throws: `TrainingError.lossTargets` when the configured loss is not the targets',
  ///   `.augmentInputs` when the examples are no images that could be changed, `.microBatch`.
  public init(
    network: Network, configuration: TrainingConfiguration, data: Dataset, rows: [Int]? = nil,
    seed: UInt64? = nil, weights: [Float]? = nil
  ) throws(TrainingError) {
    precondition(
      weights.map { $0.count == rows?.count ?? data.count && $0.allSatisfy(\.isFinite) } ?? true,
      "weights of \(weights?.count ?? 0) examples")
    self.weights = Trainer.weights(of: data, rows: rows, times: weights)
    self.network = network
    self.configuration = configuration
    self.seed = seed ?? configuration.seed
    self.rows = rows
    microBatch = try configuration.examplesAtATime(in: network)
    try configuration.augmentation?.requireImages(data.featureShape)
    inputs = data.inputs
    targets = TargetValues(data.targets)
    loss = try Loss(configuration.loss, for: data.targets)
    order = BatchOrder(
      count: rows?.count ?? data.count, batch: configuration.batch, seed: self.seed)
    partSize = TrainingConfiguration.partSize(of: min(microBatch, order.count), in: network)
  }

  /// The data's weights times a training's own, n values; nil: 1.
  private static func weights(of data: Dataset, rows: [Int]?, times own: [Float]?) -> [Float]? {
    guard let all = data.weights else { return own }
    let chosen = rows.map { rows in rows.map { all[$0] } } ?? all
    return own.map { zip($0, chosen).map(*) } ?? chosen
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
        try runSteps(&state, hooks: hooks, signals: nil, recorder: nil)
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
  ///   in the middle of the epoch, from where another call goes on.
  public func runEpoch(
    _ state: inout TrainingState, hooks: TrainingHooks = TrainingHooks()
  ) throws -> EpochSignals {
    try runEpoch(&state, hooks: hooks, recorder: nil)
  }

  /// One epoch whose visits' gradients are recorded.
  package func runEpoch(
    _ state: inout TrainingState, hooks: TrainingHooks, recorder: StepGradientRecorder?
  ) throws -> EpochSignals {
    let clock = ContinuousClock()
    let start = clock.now
    let signals = EpochSignals(loss: loss, count: count)
    let rate = try runSteps(
      &state, hooks: hooks, signals: signals.rows, recorder: recorder)
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

  /// The steps of one epoch that are left.
  ///
  /// - Parameter signals: gets every example's signals, S × n; nil: nobody reads them.
  /// - Returns: the learning rate of the last step.
  @discardableResult
  private func runSteps(
    _ state: inout TrainingState, hooks: TrainingHooks, signals: SignalRows?,
    recorder: StepGradientRecorder?
  ) throws -> Double {
    var rate = 0.0
    for batch in batches(epoch: state.epoch + 1) where batch.step >= state.step {
      if hooks.isCancelled() {
        throw TrainingError.cancelled(run: "seed \(seed)", resumable: false)
      }
      rate = try step(&state, batch, signals: signals, hooks: hooks, recorder: recorder).rate
    }
    return rate
  }
}

extension Loss {
  /// The configured loss if the targets have it, or the targets' own.
  package init(_ configured: Loss?, for targets: Targets) throws(TrainingError) {
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
