import Datasets
import Gradients
import LinearAlgebra
import Networks
import Projections
import Storage
import Tensors

extension GradientSaving {
  /// The projector as a choice.
  public var choice: ProjectionChoice {
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
    try collection(of: run, data: data).collect(
      data, to: path, dtype: dtype, overwrite: overwrite, progress: progress)
  }

  /// What the store of a run's checkpoints is made from; landmarks, whose identity takes gradients, as
  /// they are said to be.
  func fingerprint(
    of run: Run, data: Dataset, projectorText said: String?
  ) throws -> Fingerprint {
    let text =
      projector == .landmarks
      ? said ?? ""
      : try projector(for: try run.network, function(for: data), data).identity.canonicalText
    return try collection(of: run, data: data).fingerprint(
      of: data, projectorText: text, dtype: dtype)
  }

  private func collection(of run: Run, data: Dataset) throws -> FeatureCollection {
    let groups = try run.checkpoints.map {
      FeatureCollection.Group(
        name: $0.groupName,
        source: GradientSource(
          network: try run.network, parameters: try run.parameters(of: $0)),
        modelHash: "\(try run.modelHash(of: $0))")
    }
    return FeatureCollection(
      groups: groups, outputFunction: function(for: data), projection: choice,
      training: data, identity: try run.identity())
  }
}
