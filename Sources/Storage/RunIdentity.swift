import Tensors

/// What numbers made from a run follow from: weights, data, configurations, and the machine.
///
/// Every store, bank, calibration, training on shuffled labels and score file takes its
/// fingerprint from it: `Field` has all names in their order, `FileKind` which of them each kind of
/// file depends on. A plain value, so that modules that know no runs can be given one.
public struct RunIdentity: Sendable, Codable, Equatable {
  /// The weights of one checkpoint.
  public struct Weights: Sendable, Codable, Equatable {
    /// The checkpoint's name, such as `seed-0/epoch-010`.
    public var checkpoint: String
    /// Its model hash.
    public var hash: String

    /// Weights by the name of their checkpoint.
    public init(checkpoint: String, hash: String) {
      (self.checkpoint, self.hash) = (checkpoint, hash)
    }
  }

  /// What the last bits of a sum depend on, and nothing else.
  public struct Machine: Sendable, Codable, Equatable {
    /// `Processor.level`.
    public var processorLevel: Int
    /// The kernels of OpenBLAS.
    public var blasCore: String
    /// `Memory.blockBytes`.
    public var blockBytes: Int

    /// This process, on some kernels of OpenBLAS.
    public init(
      blasCore: String, processorLevel: Int = Processor.level, blockBytes: Int = Memory.blockBytes
    ) {
      self.processorLevel = processorLevel
      self.blasCore = blasCore
      self.blockBytes = blockBytes
    }
  }

  /// The checkpoints in order.
  public var weights: [Weights]
  /// The `model` of the run file as canonical JSON.
  public var modelConfiguration: String?
  /// Low-rank adapters, in words; nil without.
  public var adapters: String?
  /// Hash of the weights that training began with; nil when they are drawn.
  public var start: String?
  /// The `training` of the run file as canonical JSON; nil for weights from elsewhere without it.
  public var training: String?
  /// Content hash of the training examples.
  public var trainingData: String?
  /// Content hash of the other examples: a store's rows, the queries, the test set.
  public var examples: String?
  /// The layers that gradients are of; nil for all.
  public var layers: String?
  /// Where the numbers are computed.
  public var machine: Machine

  /// An identity; what is left out is in no fingerprint.
  public init(
    weights: [Weights] = [], modelConfiguration: String? = nil, adapters: String? = nil,
    start: String? = nil, training: String? = nil, trainingData: String? = nil,
    examples: String? = nil, layers: String? = nil, machine: Machine
  ) {
    self.weights = weights
    self.modelConfiguration = modelConfiguration
    self.adapters = adapters
    self.start = start
    self.training = training
    self.trainingData = trainingData
    self.examples = examples
    self.layers = layers
    self.machine = machine
  }

  /// The fields of a kind of file that this identity has, to which the file's maker adds its own.
  public func fingerprint(of kind: FileKind) -> Fingerprint {
    var result = Fingerprint()
    for field in kind.fields {
      if let value = value(of: field, in: kind) { result.append(field.rawValue, value) }
    }
    return result
  }

  private func value(of field: Field, in kind: FileKind) -> String? {
    switch field {
    case .model:
      weights.isEmpty
        ? nil
        : "\(SHA256.digest(of: weights.map { "\($0.checkpoint) \($0.hash)" }.joined(separator: "\n")))"
    case .modelConfiguration: modelConfiguration
    case .lora: adapters
    case .start: start
    case .training: training
    case .train: trainingData
    case .dataset, .test, .queries: examples
    case .layers: layers
    case .checkpoints: weights.map(\.checkpoint).joined(separator: " ")
    case .engine: kind.engine
    case .processorLevel: "\(machine.processorLevel)"
    case .blasCore: machine.blasCore
    case .blockBytes: "\(machine.blockBytes)"
    }
  }
}
