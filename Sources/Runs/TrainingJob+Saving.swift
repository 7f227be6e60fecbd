import Datasets
import Gradients
import Networks
import Storage
import Training

/// The per-example gradients that a run's `save` keeps.
extension TrainingJob {
  /// Where they go.
  func storePath(_ saving: GradientSaving, _ folder: RunFolder) -> String {
    let stores = folder.projections
    return switch saving.moment {
    case .steps: StepGradientWriter.path(in: stores)
    case .checkpoints: stores + "/train.h5"
    }
  }

  /// Whether the store of a finished run's gradients is there, every byte as it was written; else it
  /// is made again.
  ///
  /// - Throws: `StorageError.fingerprintMismatch` naming the field for a whole store of something else,
  ///   unless it is to be replaced.
  func hasOwnStore(
    _ path: String, _ network: Network, _ data: SplitData, _ folder: RunFolder
  ) throws -> Bool {
    guard let saving = configuration.training.saving, fileExists(path),
      (try? Verification.verify(path)) != nil
    else { return false }
    let found = try FeatureStoreReader(path).fingerprint
    let expected =
      saving.moment == .steps
      ? try stepsFingerprint(saving, network, data, folder)
      : try saving.fingerprint(
        of: try Run(folder: folder.path), data: data.train, projectorText: found["projector"])
    do {
      try Fingerprint.requireEqual(expected: expected, found: found, file: path)
      return true
    } catch  where overwrites {
      return false
    }
  }

  /// What the store of a run's steps is made from.
  private func stepsFingerprint(
    _ saving: GradientSaving, _ network: Network, _ data: SplitData, _ folder: RunFolder
  ) throws -> Fingerprint {
    let function = saving.function(for: data.train)
    return StepGradientStore.fingerprint(
      // The record is written: what the store is compared with later.
      try Run(folder: folder.path).identity(
        layers: network.selectionText, examples: data.train.contentHash),
      function: function.rawValue,
      projector: try saving.projector(for: network, function, data.train).identity.canonicalText,
      dtype: saving.dtype)
  }

  /// The writer of the steps' gradients, nil where none are kept; another store in its place is
  /// refused before any step.
  func gradientWriter(
    _ training: TrainingConfiguration, _ record: RunRecord, _ network: Network,
    _ data: SplitData, _ folder: RunFolder
  ) throws -> StepGradientWriter? {
    guard let saving = training.saving else { return nil }
    let path = storePath(saving, folder)
    guard saving.moment == .steps else {
      if !overwrites { try saving.requireSameStore(path, network: network, data: data.train) }
      return nil
    }
    let (visits, overflow) = data.train.count.multipliedReportingOverflow(by: training.epochs)
    let function = saving.function(for: data.train)
    let projector = try saving.projector(for: network, function, data.train)
    return try StepGradientWriter(
      path: path, projector: projector, function: function,
      order: BatchOrder(count: data.train.count, batch: training.batch, seed: training.seed),
      visits: overflow ? .max : visits, seeds: record.seeds, dtype: saving.dtype,
      fingerprint: try stepsFingerprint(saving, network, data, folder),
      overwrite: overwrites, shardBytes: gradientShardBytes,
      pooledVisits: StepGradientWriter.pooledVisits(
        saving.projector, in: network, batch: min(training.batch, data.train.count)))
  }

  /// The gradients of kept checkpoints where `save` asks for them; the run's record is written.
  func checkpointGradients(
    _ saving: GradientSaving?, _ data: SplitData, _ folder: RunFolder
  ) throws -> CheckpointGradients? {
    guard let saving, saving.moment == .checkpoints else { return nil }
    let run = try Run(folder: folder.path)
    return CheckpointGradients(
      saving, of: run, data: data.train, path: storePath(saving, folder), overwrites: overwrites
    ) { [hooks, progress, name = run.name] done, total in
      if hooks.isCancelled() { throw TrainingError.cancelled(run: name, resumable: true) }
      progress.collected(done, of: total)
    }
  }
}

extension GradientSaving {
  /// What the store of a run's checkpoints is made from; landmarks, whose identity takes gradients,
  /// as they are said to be.
  fileprivate func fingerprint(
    of run: Run, data: Dataset, projectorText said: String?
  ) throws -> Fingerprint {
    let text =
      projector == .landmarks
      ? said ?? ""
      : try projector(for: try run.network, function(for: data), data).identity.canonicalText
    let groups = try run.checkpoints.map {
      FeatureCollection.Group(
        name: $0.groupName,
        source: GradientSource(
          network: try run.network, parameters: try run.parameters(of: $0)),
        modelHash: "\(try run.modelHash(of: $0))")
    }
    return try FeatureCollection(
      groups: groups, outputFunction: function(for: data), projection: choice,
      training: data, identity: try run.identity()
    ).fingerprint(of: data, projectorText: text, dtype: dtype)
  }
}
