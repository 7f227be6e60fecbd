import Datasets
import Gradients
import Networks
import Storage
import Training

/// The per-example gradients that a run's `save` keeps.
extension TrainingJob {
  /// Where they go.
  func storePath(_ saving: GradientSaving, _ folder: RunFolder) -> String {
    let stores = folder.projections(of: configuration.name)
    return switch saving.moment {
    case .steps: StepGradientWriter.path(in: stores)
    case .checkpoints: stores + "/train.h5"
    }
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
      fingerprint: StepGradientStore.fingerprint(
        // The record is written: what the store is compared with later.
        try Run(folder: folder.path).identity(
          layers: network.selectionText, examples: data.train.contentHash),
        function: function.rawValue, projector: projector.identity.canonicalText,
        dtype: saving.dtype),
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
  /// Collects every kept checkpoint of a trained run, as `collect --checkpoints all` does.
  ///
  /// A store's identity names all its checkpoints, so that the first row can be written when the last
  /// of them is known: after the last epoch.
  ///
  /// - Parameter progress: called with (rows done, rows in all); throwing stops cleanly.
  /// - Throws: as `FeatureCollection.collect`.
  fileprivate func collectCheckpoints(
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
