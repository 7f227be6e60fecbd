import Configuration
import Networks

/// The `training` of a run file.
///
/// ```yaml
/// training: {optimizer: sgd, rate: 0.05, momentum: 0.9, batch: 64, epochs: 30, seed: 0}
/// ```
public struct TrainingConfiguration: Sendable, Equatable {
  /// The optimizer and its constants.
  public var optimizer: OptimizerConfiguration
  /// The learning rate.
  public var rate: Double
  /// The rate over the run.
  public var schedule: ScheduleConfiguration
  /// Examples in a step; the last batch of an epoch keeps what is left.
  public var batch: Int
  /// Examples of a step that go through the network at a time; nil: by what they take.
  public var microBatch: Int?
  /// Passes over the training examples.
  public var epochs: Int
  /// The first seed; it decides initial parameters, batch order and dropout.
  public var seed: UInt64
  /// How many runs, with seeds `seed`, `seed + 1`, ….
  public var seedCount: Int
  /// The loss; nil: by the targets.
  public var loss: Loss?
  /// After which epochs the parameters are kept.
  public var checkpoints: CheckpointSelection
  /// How images are changed in training; nil: not at all.
  public var augmentation: Augmentation?
  /// Parameters that are neither trained nor attributed to; nil: none.
  public var freeze: LayerPatterns?
  /// The weights that training begins with: a safetensors file, or a folder with one model; nil: drawn.
  public var from: String?
  /// A table of what each example's loss is multiplied by (`ExampleWeights`); nil: nothing.
  public var weights: String?
  /// The per-example gradients that are kept; nil: none.
  ///
  /// Weights do not depend on it.
  public var saving: GradientSaving?

  /// Training by its parts.
  public init(
    optimizer: OptimizerConfiguration = .sgd(), rate: Double,
    schedule: ScheduleConfiguration = ScheduleConfiguration(), batch: Int = 64, epochs: Int,
    seed: UInt64 = 0, seedCount: Int = 1, loss: Loss? = nil,
    checkpoints: CheckpointSelection = .log, augmentation: Augmentation? = nil,
    freeze: LayerPatterns? = nil
  ) {
    (self.optimizer, self.rate, self.schedule) = (optimizer, rate, schedule)
    (self.batch, self.epochs, self.seed, self.seedCount) = (batch, epochs, seed, seedCount)
    (self.loss, self.checkpoints, self.augmentation) = (loss, checkpoints, augmentation)
    self.freeze = freeze
  }

  private enum LossWord: String, CaseIterable { case crossEntropy, squaredError }

  /// Reads the `training` mapping of a run file.
  public init(from map: ConfigurationMap) throws(ConfigurationError) {
    let shared = [
      "optimizer", "rate", "schedule", "batch", "microBatch", "epochs", "seed", "seeds", "loss",
      "checkpoints", "augment", "freeze", "from", "save", "weights",
    ]
    try map.checkKeys(known: shared + OptimizerConfiguration.keys)
    optimizer = try OptimizerConfiguration(from: map, shared: shared)
    rate = try map.double("rate", in: .positive)
    schedule = try ScheduleConfiguration(from: map)
    batch = try map.int("batch", in: 1...1_000_000_000, default: 64)
    microBatch = try map.int(ifPresent: "microBatch", in: 1...1_000_000_000)
    epochs = try map.int("epochs", in: 1...1_000_000)
    seed = UInt64(try map.int("seed", in: 0...(1 << 53), default: 0))
    seedCount = try map.int("seeds", in: 1...10_000, default: 1)
    switch try map.choice(ifPresent: "loss", of: LossWord.self) {
    case .crossEntropy: loss = .crossEntropy
    case .squaredError: loss = .squaredError
    case nil: loss = nil
    }
    checkpoints = try CheckpointSelection(from: map, epochs: epochs)
    augmentation = try map.map(ifPresent: "augment").map { map throws(ConfigurationError) in
      try Augmentation(from: map)
    }
    freeze = try map.strings(ifPresent: "freeze").map { LayerPatterns($0) }
    from = try map.string(ifPresent: "from")
    saving = try map.map(ifPresent: "save").map { map throws(ConfigurationError) in
      try GradientSaving(from: map)
    }
    weights = try map.string(ifPresent: "weights")
    if weights != nil && saving != nil {
      throw .wrongType(
        map.place("save"), found: "gradients to be kept of a training with `weights`",
        expected: "a training in which every example counts alike")
    }
  }

  /// The seeds of the run.
  public var seeds: [UInt64] { (0..<seedCount).map { seed + UInt64($0) } }

  /// The configuration written out, defaults included.
  public var value: ConfigurationValue {
    guard case .map(var values) = weightsValue else { return weightsValue }
    if let saving { values["save"] = saving.value }
    return .map(values)
  }

  /// What weights follow from, written out: all but `save`.
  public var weightsValue: ConfigurationValue {
    var values = optimizer.values
    values["rate"] = .double(rate)
    values["schedule"] = schedule.value
    values["batch"] = .int(batch)
    if let microBatch { values["microBatch"] = .int(microBatch) }
    values["epochs"] = .int(epochs)
    values["seed"] = .int(Int(clamping: seed))
    values["seeds"] = .int(seedCount)
    if let loss { values["loss"] = .string(loss.rawValue) }
    values["checkpoints"] = checkpoints.value
    if let augmentation { values["augment"] = augmentation.value }
    if let freeze { values["freeze"] = .list(freeze.patterns.map { .string($0) }) }
    if let from { values["from"] = .string(from) }
    if let weights { values["weights"] = .string(weights) }
    return .map(values)
  }
}
