import Storage

extension RunIdentity {
  /// An identity with every part, of no run.
  public static let sample = RunIdentity(
    weights: [
      .init(checkpoint: "seed-0/epoch-001", hash: "hash 1"),
      .init(checkpoint: "seed-0/epoch-002", hash: "hash 2"),
    ],
    modelConfiguration: #"{"kind":"mlp"}"#, adapters: "rank 2 alpha 4 0", start: "start",
    training: #"{"rate":0.1}"#, trainingData: "training data", examples: "other examples",
    layers: "0.weight",
    machine: .init(blasCore: "Haswell", processorLevel: 3, blockBytes: 1 << 20))

  /// The identity with one part changed.
  ///
  /// - Precondition: the field is a part of identities: the engine is the program's.
  public func changing(_ field: Field) -> RunIdentity {
    var result = self
    switch field {
    case .model: result.weights[0].hash += "'"
    case .checkpoints: result.weights[0].checkpoint += "'"
    case .modelConfiguration: result.modelConfiguration? += "'"
    case .lora: result.adapters? += "'"
    case .start: result.start? += "'"
    case .training: result.training? += "'"
    case .train: result.trainingData? += "'"
    case .dataset, .test, .queries: result.examples? += "'"
    case .layers: result.layers? += "'"
    case .processorLevel: result.machine.processorLevel += 1
    case .blasCore: result.machine.blasCore += "'"
    case .blockBytes: result.machine.blockBytes += 1
    case .engine: preconditionFailure("no identity has an engine of its own")
    }
    return result
  }
}

extension Fingerprint {
  /// The fingerprint with the value of one field changed, or without the field.
  public func changing(_ name: String, isLeftOut: Bool = false) -> Fingerprint {
    var result = Fingerprint()
    for field in fields where field.name != name || !isLeftOut {
      result.append(field.name, field.name == name ? field.value + "'" : field.value)
    }
    return result
  }
}

/// The field of the mismatch that `body` throws; nil when it throws none, or something else.
public func mismatchedField(_ body: () throws -> Void) -> String? {
  guard case .fingerprintMismatch(let field, _, _, _)? = diagnosed(body) as? StorageError else {
    return nil
  }
  return field
}
