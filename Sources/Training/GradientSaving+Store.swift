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
  package func function(for data: Dataset) -> OutputFunction {
    if let outputFunction { return outputFunction }
    guard case .values = data.targets else { return .margin }
    let isOne = OutputFunction.prediction.accepts(TargetValues(data.targets))
    return isOne || moment == .checkpoints ? .prediction : .loss
  }

  /// The projector of a network's gradients; not landmarks.
  ///
  /// - Throws: `TrainingError.savingDimension`, `ProjectionError`, `GradientError`.
  package func projector(
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
  package func requireFit(_ network: Network, _ data: Dataset) throws {
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
  package func requireSameStore(_ path: String, network: Network, data: Dataset) throws {
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
}
