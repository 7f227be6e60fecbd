import Checkpoints
import Configuration
import Datasets
import Models
import Networks
import Storage
import Synchronization
import Tensors
import Training

/// The training of a run: all seeds, with checkpoints, dynamics and resumption.
///
/// Killed at any moment and started again, it leaves the same bytes in every file as if it had not
/// been interrupted.
public struct TrainingJob: Sendable {
  /// The run file.
  public var configuration: RunConfiguration
  /// The folder of all runs, `Checkpoints`.
  public var checkpointsFolder: String
  /// The training examples to use, by id; nil: all.
  ///
  /// Inputs keep the scale of the full training set.
  public var subset: [ExampleID]?
  /// The file that named the subset, for errors.
  public var subsetFile = "‹subset›"
  /// Whether a run of the same name that was made otherwise is replaced.
  public var overwrites = false
  /// What is called from inside.
  public var hooks = TrainingHooks()
  /// Hears of the progress.
  public var progress: any TrainingProgress = SilentProgress()
  /// Called with the configuration and the training examples before anything is written, to refuse
  /// what later commands could not take.
  public var require: @Sendable (RunConfiguration, Dataset) throws -> Void = { _, _ in }
  /// Least seconds of work between two saved states.
  public var resumeInterval = 2.0
  /// Bytes of features in a shard of the steps' gradients.
  var gradientShardBytes = StepGradientWriter.standardShardBytes

  /// A job.
  public init(_ configuration: RunConfiguration, checkpointsFolder: String) {
    (self.configuration, self.checkpointsFolder) = (configuration, checkpointsFolder)
  }

  /// How a job ended.
  public enum Outcome: Sendable {
    /// The run was trained, or its training completed.
    case trained(Run)
    /// The same run was finished before.
    case alreadyFinished(Run)

    /// The run.
    public var run: Run {
      switch self {
      case .trained(let run), .alreadyFinished(let run): run
      }
    }
  }

  /// Trains what is not trained yet.
  ///
  /// - Throws: `RunError.otherRun` naming the field when a run of this name was made
  ///   otherwise, `.runInUse`, `.diverged`, `.cancelled`; errors of data and files.
  public func run() throws -> Outcome {
    let data = try loadData()
    if let description = data.description { progress.read(description) }
    var job = self
    job.configuration = configuration.fitted(to: data.train)
    return try job.run(on: data)
  }

  private func run(on data: SplitData) throws -> Outcome {
    let folder = RunFolder(path: "\(checkpointsFolder)/\(configuration.name)")
    let loss = try Loss(configuration.training.loss, for: data.train.targets)
    try requireModel(for: loss, data)
    try configuration.training.augmentation?.requireImages(data.train.featureShape)
    try require(configuration, data.train)
    var network = try configuration.network(for: data.train)
    try requireMemory(network, examples: data.train.count)
    try configuration.training.saving?.requireFit(network, data.train)
    network = try configuration.started(network)
    var configuration = configuration
    configuration.training = try configuration.training.withMicroBatch(of: network)
    let wanted = RunRecord(
      configuration, data: data, subset: subset, loss: loss, network: network,
      runFolder: folder.path)
    try makeFolder(folder.path)
    let lock = try folder.lock()
    defer { withExtendedLifetime(lock) {} }
    let record = try adopt(wanted, in: folder)
    try folder.removeLeftovers(seeds: record.seeds)
    let saving = configuration.training.saving
    let store = saving.map { storePath($0, folder) }
    if record.status == .finished, folder.isComplete(record),
      try store.map({ try hasOwnStore($0, network, data, folder) }) != false
    {
      return .alreadyFinished(try Run(folder: folder.path))
    }
    progress.began(
      TrainingPlan(
        run: record.name, seeds: record.seeds, epochs: configuration.training.epochs,
        stepsPerEpoch: record.stepsPerEpoch, examples: data.train.count,
        parameters: network.parameterCount))
    var finished = record
    do {
      let gradients = try gradientWriter(configuration.training, record, network, data, folder)
      let kept = try checkpointGradients(saving, data, folder)
      finished.results = try trainSeeds(
        configuration.training, record, network, data, folder, gradients, kept)
      try gradients?.finish()
      try kept?.finish()
      if let saving, let store { progress.wroteGradients(to: store, moment: saving.moment) }
    } catch TrainingError.cancelled {
      throw TrainingError.cancelled(
        run: record.name, resumable: folder.hasBegun(record, store: store))
    }
    finished.status = .finished
    try SealedJSON.write(finished, to: folder.record)
    return .trained(try Run(folder: folder.path))
  }

  /// Refuses a network that the machine has no room for.
  private func requireMemory(_ network: Network, examples: Int) throws {
    let needed = try TrainingFootprint(network, configuration.training, examples: examples)
    try Memory.require(
      needed.bytes, for: "training \(network.parameterCount) parameters",
      remedy: network.couplesExamples
        ? "choose smaller batches (training.batch) or a narrower model."
        : configuration.model.family.smaller)
  }

  private func loadData() throws -> SplitData {
    let data = try configuration.data.load(describing: true)
    guard let subset else { return data }
    guard !subset.isEmpty else { throw RunError.emptySubset(file: subsetFile) }
    let rows = try data.train.rows(of: subset, in: subsetFile)
    return data.training(on: data.train.subset(rows))
  }

  /// Refuses a model that cannot predict the targets or read the examples, and says what it takes
  /// otherwise than it seems.
  func requireModel(for loss: Loss, _ data: SplitData) throws(ModelError) {
    try configuration.model.require(
      loss, inputShape: data.train.featureShape, outputs: data.train.outputCount,
      inputs: [data.train.inputs, data.test.inputs])
    let notes = configuration.model.notes(
      outputs: data.train.outputCount, areTexts: configuration.data.readsTexts)
    for note in notes { progress.noted(note) }
  }

  /// The record of the run in the folder if it is the wanted one, else the wanted one, written.
  private func adopt(_ wanted: RunRecord, in folder: RunFolder) throws -> RunRecord {
    if overwrites && !isSame(wanted, in: folder) {
      let recorded = try? RunRecord.read(folder.record)
      let isOther = recorded.map {
        $0.status == .imported || $0.difference(from: wanted) != nil
      }
      if isOther ?? true { folder.sayWorthless(to: progress) }
      try folder.removeRun()
    }
    if fileExists(folder.record) {
      let recorded = try RunRecord.read(folder.record)
      if [.imported, .foreign].contains(recorded.status) {
        throw RunError.importedRun(folder: folder.path)
      }
      if let found = recorded.difference(from: wanted) {
        throw RunError.otherRun(
          field: found.field, recorded: found.recorded, wanted: found.wanted, folder: folder.path)
      }
      // What later commands take unless told otherwise may change without training again.
      guard recorded.configuration["defaults"] != wanted.configuration["defaults"] else {
        return recorded
      }
      let updated = recorded.withDefaults(of: wanted)
      try SealedJSON.write(updated, to: folder.record)
      return updated
    }
    try folder.removeRun()
    try SealedJSON.write(wanted, to: folder.record)
    return wanted
  }

  private func isSame(_ wanted: RunRecord, in folder: RunFolder) -> Bool {
    guard let recorded = try? RunRecord.read(folder.record) else { return false }
    return recorded.status == .running && recorded.difference(from: wanted) == nil
  }

  /// Trains each seed; side by side as many as there is memory for.
  private func trainSeeds(
    _ training: TrainingConfiguration, _ record: RunRecord, _ network: Network, _ data: SplitData,
    _ folder: RunFolder, _ gradients: StepGradientWriter?, _ kept: CheckpointGradients?
  ) throws -> [RunRecord.SeedResult] {
    let trainings = try record.seeds.map { seed in
      SeedTraining(
        trainer: try Trainer(
          network: network, configuration: training, data: data.train, seed: seed),
        record: record, folder: folder, data: data, hooks: hooks, progress: progress,
        resumeInterval: resumeInterval, discardsDamage: overwrites, gradients: gradients,
        kept: kept)
    }
    let room = try TrainingFootprint(network, training, examples: data.train.count).modelsAtATime()
    guard trainings.count > 1 && Workers.count > 1 && room > 1 else {
      return try trainings.map { try $0.run() }
    }
    let results = Mutex<[Result<RunRecord.SeedResult, any Error>?]>(
      Array(repeating: nil, count: trainings.count))
    Workers.run(slices: trainings.count, atMost: room) { index in
      if results.withLock({ $0.contains { if case .failure = $0 { true } else { false } } }) {
        return
      }
      let result = Result { try trainings[index].run() }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { all in
      // The error of the first seed that has one; seeds after it may not have begun.
      for case .failure(let error)? in all { throw error }
      return try all.compactMap { try $0?.get() }
    }
  }
}
