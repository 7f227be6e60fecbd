import Configuration
import Datasets
import Gradients
import LinearAlgebra
import Networks
import Projections
import Storage
import Tensors

extension GradientSaving {
  /// The projector as a choice.
  var choice: ProjectionChoice {
    ProjectionChoice(kind: projector, dimension: dimension, seed: seed)
  }

  /// f: what is differentiated at checkpoints; at steps that of the residuals −∂ℓ/∂f.
  func function(for data: Dataset) -> OutputFunction {
    if let outputFunction { return outputFunction }
    guard case .values = data.targets else { return .margin }
    let isOne = OutputFunction.prediction.accepts(TargetValues(data.targets))
    return isOne || moment == .checkpoints ? .prediction : .loss
  }

  /// The projector of a network's gradients; not landmarks.
  ///
  /// - Throws: `TrainingError.savingDimension`, `ProjectionError`, `GradientError`.
  func projector(
    for network: Network, _ function: OutputFunction, _ data: Dataset
  ) throws -> any Projector {
    // Shapes alone are asked for: any parameters do.
    let source = GradientSource(
      network: network, parameters: Tensor(repeating: 0, shape: [network.parameterCount]))
    do {
      return try choice.projector(for: source, function, data)
    } catch ProjectionError.dimensionOutOfRange(let kind, let dimension, let allowed) {
      throw TrainingError.savingDimension(
        kind: kind.rawValue, dimension: dimension, allowed: allowed)
    }
  }

  /// What a store of steps is made from: all that the training follows from, field by field.
  func fingerprint(
    _ record: RunRecord, network: Network, projector: ProjectorIdentity,
    function: OutputFunction
  ) -> Fingerprint {
    var fingerprint = Fingerprint([
      StepGradientStore.momentField.name: StepGradientStore.momentField.value,
      "model": record.configuration["model"].asRecorded.canonicalJSON,
      "lora": record.configuration["lora"].asRecorded.canonicalJSON,
      "training": record.configuration["training"].without("save").asRecorded.canonicalJSON,
      "start": record.dataHashes["start"] ?? "drawn",
      "dataset": record.dataHashes["train"] ?? "",
      "outputFunction": function.rawValue,
      "projector": projector.canonicalText,
      "dtype": dtype.rawValue,
      "engine": storeEngineVersion,
      "BLAS core": record.blasCore,
    ])
    if let layers = network.selectionText { fingerprint.append("layers", layers) }
    return fingerprint
  }

  /// Refuses what does not fit the network or the data.
  ///
  /// - Throws: `TrainingError.savingCoupled`, `.savingFunction`, `.savingDimension`.
  func requireFit(_ network: Network, _ data: Dataset) throws {
    if moment == .steps && network.couplesExamples { throw TrainingError.savingCoupled }
    let function = function(for: data)
    guard function.accepts(TargetValues(data.targets)) else {
      throw TrainingError.savingFunction(function.rawValue)
    }
    if projector != .landmarks { _ = try projector(for: network, function, data) }
  }

  /// Refuses a store of checkpoints that was made otherwise, as far as it is known before a training.
  ///
  /// - Throws: `StorageError.fingerprintMismatch`.
  func requireSameStore(_ path: String, network: Network, data: Dataset) throws {
    guard fileExists(path) else { return }
    let function = function(for: data)
    let identity =
      projector == .landmarks
      ? nil : try projector(for: network, function, data).identity.canonicalText
    let found = try FeatureStoreReader(path).fingerprint
    for (field, wanted) in [
      ("dataset", "\(data.contentHash)"), ("outputFunction", function.rawValue),
      ("projector", identity), ("dtype", dtype.rawValue), ("engine", storeEngineVersion),
      ("layers", network.selectionText),
    ] where wanted != nil && found[field] != wanted {
      throw StorageError.fingerprintMismatch(
        field: field, expected: wanted, found: found[field], file: path)
    }
  }

  /// Collects every kept checkpoint of a trained run, as `collect --checkpoints all` does.
  ///
  /// A store's identity names all its checkpoints, so that the first row can be written when the last
  /// of them is known: after the last epoch.
  ///
  /// - Parameter progress: called with (rows done, rows in all); throwing stops cleanly.
  /// - Throws: as `FeatureCollection.collect`.
  func collectCheckpoints(
    of run: Run, data: Dataset, path: String, overwrite: Bool,
    progress: (Int, Int) throws -> Void
  ) throws {
    let groups = try run.checkpoints.map {
      FeatureCollection.Group(
        name: $0.groupName,
        source: GradientSource(
          network: try run.network, parameters: try run.parameters(of: $0)),
        modelHash: "\(try run.modelHash(of: $0))")
    }
    let collection = FeatureCollection(
      groups: groups, outputFunction: function(for: data), projection: choice,
      training: data, identity: try run.identity())
    try collection.collect(data, to: path, dtype: dtype, overwrite: overwrite, progress: progress)
  }
}

extension ConfigurationValue {
  /// A mapping without one of its keys.
  func without(_ key: String) -> ConfigurationValue {
    guard case .map(var values) = self else { return self }
    values[key] = nil
    return .map(values)
  }

  /// The same value as `run.json` gives it back, where 1.0 is 1.
  var asRecorded: ConfigurationValue {
    switch self {
    case .map(let values): .map(values.mapValues(\.asRecorded))
    case .list(let values): .list(values.map(\.asRecorded))
    case .double(let value): Int(exactly: value).map { .int($0) } ?? self
    default: self
    }
  }
}
