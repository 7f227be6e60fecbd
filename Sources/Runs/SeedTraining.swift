import Checkpoints
import Datasets
import LinearAlgebra
import Networks
import Storage
import Tensors
import Training

/// One seed of a run with its files: checkpoints, dynamics and the state to resume from.
struct SeedTraining {
  let trainer: Trainer
  let record: RunRecord
  let folder: RunFolder
  let data: SplitData
  let hooks: TrainingHooks
  let progress: any TrainingProgress
  /// Least seconds of work between two saved states.
  let resumeInterval: Double
  /// Whether a damaged saved state is left aside instead of refused.
  let discardsDamage: Bool
  /// The store of the steps' gradients; nil: they are not kept.
  let gradients: StepGradientWriter?
  /// The gradients at kept epochs; nil: they are not taken.
  let kept: CheckpointGradients?

  private var seed: UInt64 { trainer.seed }
  private var epochs: Int { trainer.configuration.epochs }

  /// Trains, or goes on, or finds that everything is there.
  ///
  /// - Returns: how the seed ended.
  func run() throws -> RunRecord.SeedResult {
    let resume = ResumeState(folder: folder.resume(seed: seed), trainer: trainer)
    let recorder = gradients.map { StepGradientRecorder($0, seed: seed) }
    if isComplete && recorder?.isComplete != false {
      try resume.remove()
      return try result()
    }
    try makeFolder(folder.seed(seed))
    var (state, signals) = try begun(resume, recorder)
    try kept?.take(seed: seed, through: state.epoch, before: epochs)
    var saved = state.epoch
    let clock = ContinuousClock()
    var lastSave = clock.now
    while state.epoch < epochs {
      var hooks = hooks
      hooks.afterEpoch = { [hooks, progress] report in
        try hooks.afterEpoch?(report)
        progress.finished(report)
      }
      signals.append(try trainer.runEpoch(&state, hooks: hooks, recorder: recorder))
      if record.checkpointEpochs.contains(state.epoch) { try writeCheckpoint(state) }
      if (clock.now - lastSave) / .seconds(1) >= resumeInterval && state.epoch < epochs {
        try recorder?.save(to: resume.folder, epoch: state.epoch)
        try resume.save(state, signals: signals, after: saved)
        try recorder?.removeFinished(in: resume.folder)
        saved = state.epoch
        lastSave = clock.now
      }
      // After the state, so that a training stopped here goes on here.
      try kept?.take(seed: seed, through: state.epoch, before: epochs)
    }
    try Dynamics(signals, ids: data.train.ids).write(
      to: folder.dynamics(seed: seed), seed: seed, trainHash: record.dataHashes["train"] ?? "")
    try resume.remove()
    return try result()
  }

  /// The saved state that training goes on from, or the initial one.
  private func begun(
    _ resume: ResumeState, _ recorder: StepGradientRecorder?
  ) throws -> (TrainingState, [EpochSignals]) {
    let loaded = discardsDamage ? try? resume.load() : try resume.load()
    if let (state, signals) = loaded, hasCheckpoints(through: state.epoch),
      try hasVisits(recorder, through: state.epoch)
    {
      progress.resumed(seed: seed, after: state.epoch)
      return (state, signals)
    }
    try resume.remove()
    return (trainer.initialState(), [])
  }

  /// The dynamics are written last.
  private var isComplete: Bool {
    fileExists(folder.dynamics(seed: seed)) && hasCheckpoints(through: epochs)
  }

  private func hasCheckpoints(through epoch: Int) -> Bool {
    folder.hasCheckpoints(record, seed: seed, through: epoch)
  }

  /// Takes up the recorder where the state of an epoch was saved, if all visits before are there.
  private func hasVisits(
    _ recorder: StepGradientRecorder?, through epoch: Int
  ) throws -> Bool {
    guard let recorder else { return true }
    do {
      return try recorder.resume(from: folder.resume(seed: seed), epoch: epoch)
    } catch {
      guard discardsDamage else { throw error }
      recorder.restart()
      return false
    }
  }

  private func result() throws -> RunRecord.SeedResult {
    let last = try Checkpoint.provenance(of: folder.checkpoint(seed: seed, epoch: epochs))
    return RunRecord.SeedResult(seed: seed, metrics: last.metrics, modelHash: last.modelHash)
  }

  private func writeCheckpoint(_ state: TrainingState) throws {
    let predictor = Predictor(
      network: trainer.network, parameters: state.parameters, loss: trainer.loss)
    let train = predictor.predictions(for: data.train)
    let test = predictor.predictions(for: data.test)
    for (loss, part) in [(train.meanLoss, "training"), (test.meanLoss, "test")]
    where !loss.isFinite {
      throw TrainingError.notFinite(
        seed: seed, epoch: state.epoch, what: "the mean \(part) loss is")
    }
    guard state.parameters.firstNonFinite == nil else {
      throw TrainingError.notFinite(seed: seed, epoch: state.epoch, what: "the parameters are")
    }
    let metrics = ModelMetrics(train: train, test: test)
    try Checkpoint.write(
      state.parameters, layout: trainer.network.parameters,
      provenance: CheckpointProvenance(
        blasCore: record.blasCore, run: record.name, seed: seed, epoch: state.epoch,
        step: state.step, configuration: record.configuration, dataHashes: record.dataHashes,
        metrics: metrics), to: folder.checkpoint(seed: seed, epoch: state.epoch))
    progress.wroteCheckpoint(seed: seed, epoch: state.epoch, metrics: metrics)
  }
}
