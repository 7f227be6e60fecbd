import Tensors

/// Version of what a store's numbers mean; raised whenever the engine would compute others.
public let storeEngineVersion = "1"

extension RunIdentity {
  /// The fields of fingerprints by their names in files, in the order in which a difference is
  /// looked for.
  public enum Field: String, CaseIterable, Sendable {
    /// SHA-256 of the checkpoints' names and model hashes.
    case model
    /// The `model` of the run file.
    case modelConfiguration
    /// Low-rank adapters.
    case lora
    /// Hash of the weights that training began with.
    case start
    /// The `training` of the run file.
    case training
    /// Content hash of the training examples.
    case train
    /// Content hash of a store's rows.
    case dataset
    /// Content hash of the test examples.
    case test
    /// Content hash of the queries.
    case queries
    /// The layers that gradients are of.
    case layers
    /// The names of the checkpoints.
    case checkpoints
    /// What the numbers mean.
    case engine
    /// AVX-512, AVX2 or neither.
    case processorLevel
    /// The kernels of OpenBLAS.
    case blasCore
    /// Bytes of a block of examples.
    case blockBytes

    /// The field in the words of a note.
    public var title: String {
      switch self {
      case .model: "model weights"
      case .modelConfiguration: "model configuration"
      case .lora: "adapters"
      case .start: "starting weights"
      case .training: "training configuration"
      case .train: "training data"
      case .dataset: "examples"
      case .test: "test data"
      case .queries: "queries"
      case .layers, .checkpoints, .engine: rawValue
      case .processorLevel: "processor level"
      case .blasCore: "BLAS core"
      case .blockBytes: "bytes of a block"
      }
    }

    /// Whether other values change the last bits alone: files are read on any machine, but gone on
    /// with on the same one only.
    public var isOfMachine: Bool { Field.ofMachine.contains(self) }

    static let ofMachine: [Field] = [.processorLevel, .blasCore, .blockBytes]
  }

  /// The kinds of file that are made from a run.
  public enum FileKind: String, CaseIterable, Sendable {
    /// Projected gradients.
    case featureStore
    /// Projected gradients of a training's steps.
    case steps
    /// Outputs of models trained on subsets.
    case bank
    /// Weights trained on shuffled labels.
    case shuffledLabels
    /// Scores of queries.
    case scores
    /// The units of scores.
    case calibration
    /// What a model makes of examples.
    case outputs
    /// The factor of an exact kernel.
    case factor
    /// A state that a training went through.
    case states
    /// Outputs while parts of the network are taken away.
    case ablations
    /// Models trained with changed labels among theirs, as suspects at a checkpoint are.
    case decoys

    /// What the bytes of such a file depend on, beside the choices of its own.
    public var fields: [Field] {
      switch self {
      // `train` where landmarks come from other examples than the rows.
      case .featureStore:
        [.model, .modelConfiguration, .lora, .dataset, .train, .layers, .engine] + Field.ofMachine
      // No weights: the training that they follow from. Blocks of a training are of fixed sizes.
      case .steps:
        [
          .modelConfiguration, .lora, .start, .training, .dataset, .layers, .engine,
          .processorLevel, .blasCore,
        ]
      case .bank:
        [.modelConfiguration, .lora, .start, .training, .train, .test, .engine] + Field.ofMachine
      case .shuffledLabels:
        [.modelConfiguration, .lora, .start, .training, .train, .checkpoints, .engine]
          + Field.ofMachine
      // The data first: where it differs the weights do too. `training`: scores are weighted by
      // residuals over the whole of it.
      case .scores:
        [.train, .queries, .model, .modelConfiguration, .lora, .start, .training, .layers, .engine]
          + Field.ofMachine
      case .calibration:
        [.model, .modelConfiguration, .lora, .start, .training, .train, .test, .layers, .engine]
      case .outputs:
        [.model, .modelConfiguration, .lora, .dataset, .checkpoints, .engine] + Field.ofMachine
      case .factor:
        [.model, .modelConfiguration, .lora, .train, .layers, .engine] + Field.ofMachine
      // The training data where activations of other examples are put in.
      case .ablations:
        [.model, .modelConfiguration, .lora, .queries, .train, .engine] + Field.ofMachine
      case .decoys:
        [.model, .modelConfiguration, .lora, .start, .training, .train, .layers, .engine]
          + Field.ofMachine
      // As steps, of all parameters.
      case .states:
        [
          .modelConfiguration, .lora, .start, .training, .train, .engine, .processorLevel,
          .blasCore,
        ]
      }
    }

    /// The version that says what the file's numbers mean.
    var engine: String {
      switch self {
      case .featureStore, .steps, .scores, .calibration, .factor: storeEngineVersion
      case .bank, .shuffledLabels, .outputs, .states, .ablations, .decoys: Engine.version
      }
    }
  }
}

extension RunIdentity.Machine {
  /// What to say of a file that was made elsewhere: made here it would have other last bits.
  ///
  /// Nil for one that was made on this machine, or that does not say where.
  public func note(on file: Fingerprint) -> String? {
    let here = RunIdentity(machine: self).fingerprint(of: .featureStore).machine
    let parts = here.fields.compactMap { field -> String? in
      guard let there = file[field.name], there != field.value else { return nil }
      let title = RunIdentity.Field(rawValue: field.name)?.title ?? field.name
      return "\(title) \(there) there, \(field.value) here"
    }
    if parts.isEmpty { return nil }
    return "made elsewhere: \(parts.joined(separator: "; ")); "
      + "made here its numbers would differ by rounding"
  }
}

extension Fingerprint {
  /// How far two fingerprints must agree.
  public enum Purpose: Sendable {
    /// To read a finished file: its numbers are right wherever they were computed.
    case reading
    /// To add to a file that is half made: other last bits would be mixed with its own.
    case goingOn
  }

  /// The fields that say where the file was made.
  public var machine: Fingerprint { keeping { Fingerprint.isOfMachine($0) } }

  /// Twelve letters and digits that stand for all fields but the machine's: for the names of files.
  public var shortName: String {
    let own = fields.filter { !Fingerprint.isOfMachine($0.name) }
    let text = own.map { "\($0.name)=\($0.value)" }.joined(separator: "\n")
    return String("\(SHA256.digest(of: text))".prefix(12))
  }

  /// The fields that a kind of file takes from the run, without the file's own.
  public func ofRun(in kind: RunIdentity.FileKind) -> Fingerprint {
    keeping { name in kind.fields.contains { $0.rawValue == name } }
  }

  private func keeping(_ isKept: (String) -> Bool) -> Fingerprint {
    var result = Fingerprint()
    for field in fields where isKept(field.name) { result.append(field.name, field.value) }
    return result
  }

  /// The names of the fields in which another fingerprint differs, those of this one first.
  public func differences(from other: Fingerprint, for purpose: Purpose) -> [String] {
    let own = fields.filter { other[$0.name] != $0.value }
    let others = other.fields.filter { self[$0.name] == nil }
    return (own + others).map(\.name).filter {
      purpose == .goingOn || !Fingerprint.isOfMachine($0)
    }
  }

  static func isOfMachine(_ name: String) -> Bool {
    RunIdentity.Field(rawValue: name)?.isOfMachine ?? false
  }

  /// The fingerprint of a bank or of shuffled labels with the names of today: the field that was
  /// `model` is `modelConfiguration`, and `model` means weights.
  public var withPresentNames: Fingerprint {
    guard self["modelConfiguration"] == nil else { return self }
    var result = Fingerprint()
    for field in fields {
      result.append(field.name == "model" ? "modelConfiguration" : field.name, field.value)
    }
    return result
  }
}
