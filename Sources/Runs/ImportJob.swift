import Checkpoints
import Datasets
import Factors
import Models
import Networks
import Storage
import SystemPackage
import Tensors
import Training

/// Weights made elsewhere become a run: the network and the data of a run file, no training.
///
/// The run has checkpoints and no dynamics. Importing the same weights again leaves the same bytes.
public struct ImportJob: Sendable {
  /// The run file; its `training` may be missing.
  public var configuration: RunConfiguration
  /// The weights: a folder, a safetensors file or an index of shards.
  ///
  /// See `ForeignCheckpoint`.
  public var source: String
  /// The folder of all runs, `Checkpoints`.
  public var checkpointsFolder: String
  /// The model that `source` is an adapter of, as PEFT saves it: a folder, a file or an index.
  ///
  /// The run file then needs no `lora`.
  public var base: String?
  /// Whether another run of the same name is replaced.
  public var overwrites = false
  /// Hears of files that are worthless without the run that is replaced.
  public var progress: any TrainingProgress = SilentProgress()

  /// A job.
  public init(_ configuration: RunConfiguration, from source: String, checkpointsFolder: String) {
    (self.configuration, self.source) = (configuration, source)
    self.checkpointsFolder = checkpointsFolder
  }

  /// One imported checkpoint.
  public struct Imported: Sendable {
    /// The seed it has in the run.
    public let seed: UInt64
    /// The epoch it has in the run.
    public let epoch: Int
    /// The file it was read from.
    public let file: String
    /// Tensors whose name in the file is not the network's.
    public let renamed: [(tensor: String, parameter: String)]
    /// Tensors of the file that were left out: they hold no weights.
    public let leftOut: [String]
    /// How the model does on the run's data.
    public let metrics: ModelMetrics
  }

  /// Reads all weights, tries them on the data, and writes the run.
  ///
  /// Nothing of a run of the same name is touched before all weights are read.
  ///
  /// - Throws: `CheckpointError` naming the tensor that does not fit; `RunError.otherRun` when
  ///   a run of this name exists, `.importedNotFinite`, `.otherClassOrder`, `.seedsDiffer`; errors
  ///   of data and files.
  public func run() throws -> (run: Run, checkpoints: [Imported]) {
    let folder = RunFolder(path: "\(checkpointsFolder)/\(configuration.name)")
    let found = try ForeignCheckpoint.find(source)
    let data = try configuration.data.load(describing: true)
    if let description = data.description { progress.read(description) }
    let loss = try Loss(configuration.training.loss, for: data.train.targets)
    var configuration = configuration.fitted(to: data.train)
    var training = TrainingJob(configuration, checkpointsFolder: checkpointsFolder)
    if base == nil, let first = found.first,
      let (model, note) = configuration.model.fitted(
        to: Dictionary(
          uniqueKeysWithValues: try ForeignWeights(reading: first.path).entries.map {
            ($0.name, $0.shape)
          }))
    {
      configuration.model = model
      training.configuration.model = model
      progress.noted(note)
    }
    training.progress = progress
    try training.requireModel(for: loss, data)
    try configuration.model.pretrained?.requireOrder(of: data.train.classNames)
    let adapters = try base == nil ? [] : found.map { try PEFTAdapter(reading: $0.folder) }
    if let first = adapters.first {
      configuration.adapters = first.adapters
      for (adapter, place) in zip(adapters, found) where adapter.adapters != first.adapters {
        throw CheckpointError.ambiguousWeights(
          names: [found[0].path, place.path], folder: source)
      }
    }
    let network = try start(&configuration, try configuration.network(for: data.train))
    var record = RunRecord(
      configuration, data: data, subset: nil, loss: loss, network: network,
      runFolder: folder.path)
    try ImportJob.mark(&record, found, folder: source)
    let model = try base.map { try network.modelValues(from: $0) }
    let pending = try found.enumerated().map { place, checkpoint in
      try Pending(
        checkpoint, seed: checkpoint.seed ?? configuration.training.seed, network, loss, data,
        adapter: model.map { ($0, adapters[place]) })
    }
    let run = try write(record, network, pending, to: folder)
    return (run, pending.map(\.imported))
  }

  /// Writes a run of weights that were tried.
  ///
  /// - Throws: `RunError.otherRun` when a run of this name exists; errors of files.
  func write(
    _ unfinished: RunRecord, _ network: Network, _ pending: [Pending], to folder: RunFolder
  ) throws -> Run {
    var record = unfinished
    record.results = record.seeds.compactMap { seed in
      pending.last { $0.imported.seed == seed }.map {
        RunRecord.SeedResult(
          seed: seed, metrics: $0.imported.metrics,
          modelHash: modelHash($0.parameters, layout: network.parameters).description)
      }
    }
    try makeFolder(folder.path)
    let lock = try folder.lock()
    defer { withExtendedLifetime(lock) {} }
    try makeRoom(for: record, in: folder)
    for checkpoint in pending {
      try makeFolder(folder.seed(checkpoint.imported.seed))
      try checkpoint.write(record, layout: network.parameters, to: folder)
    }
    try SealedJSON.write(record, to: folder.record)
    return try Run(folder: folder.path)
  }

  /// The network with the weights that its training began with, where the run file has one: those
  /// it names, or the model under adapters.
  private func start(
    _ configuration: inout RunConfiguration, _ network: Network
  ) throws -> Network {
    guard configuration.hasTraining else { return network }
    guard let base else { return try configuration.started(network) }
    guard let from = configuration.startPath else {
      configuration.training.from =
        FilePath(base).isAbsolute
        ? base : FilePath(base).relative(to: FilePath(configuration.folder)).string
      return try configuration.started(network)
    }
    let started = try configuration.started(network)
    guard started.startHash == network.starting(from: try network.modelValues(from: base)).startHash
    else { throw RunError.otherBase(base: base, start: from) }
    return started
  }

  private static func mark(
    _ record: inout RunRecord, _ found: [ForeignCheckpoint], folder: String
  ) throws(RunError) {
    record.status = .imported
    record.stepsPerEpoch = 0
    let seeds = found.compactMap(\.seed)
    if seeds.isEmpty {
      record.seeds = Array(record.seeds.prefix(1))
    } else {
      record.seeds = Set(seeds).sorted()
    }
    record.checkpointEpochs = found.filter { $0.seed == seeds.first }.map(\.epoch)
    for seed in record.seeds where !seeds.isEmpty {
      let epochs = found.filter { $0.seed == seed }.map(\.epoch)
      guard epochs == record.checkpointEpochs else {
        throw .seedsDiffer(
          seed: seed, epochs: epochs, expected: record.checkpointEpochs, folder: folder)
      }
    }
  }

  /// Refuses another run of this name, or deletes it when that is wanted.
  private func makeRoom(for record: RunRecord, in folder: RunFolder) throws {
    if fileExists(folder.record) {
      do { try requireSame(record, in: folder) } catch  where overwrites {
        folder.sayWorthless(to: progress)
      }
    }
    try folder.removeRun()
  }

  /// Refuses another run than the one of this record.
  private func requireSame(_ record: RunRecord, in folder: RunFolder) throws {
    let recorded = try RunRecord.read(folder.record)
    func refuse(_ field: String, _ recorded: String, _ wanted: String) -> RunError {
      .otherRun(field: field, recorded: recorded, wanted: wanted, folder: folder.path)
    }
    guard recorded.status == .imported else {
      throw refuse("status", recorded.status.rawValue, record.status.rawValue)
    }
    if let found = recorded.difference(from: record) {
      throw refuse(found.field, found.recorded, found.wanted)
    }
    let pairs = [
      ("checkpoints", recorded.checkpointEpochs.description, record.checkpointEpochs.description),
      ("seeds", recorded.seeds.description, record.seeds.description),
      (
        "weights", recorded.results.map(\.modelHash).joined(separator: " "),
        record.results.map(\.modelHash).joined(separator: " ")
      ),
    ]
    for (field, found, wanted) in pairs where found != wanted {
      throw refuse(field, found, wanted)
    }
  }

  /// A checkpoint that is read and tried, and not written yet.
  struct Pending {
    let parameters: Tensor
    let imported: Imported

    init(
      _ found: ForeignCheckpoint, seed: UInt64, _ network: Network, _ loss: Loss, _ data: SplitData,
      adapter: (model: Tensor, file: PEFTAdapter)?
    ) throws {
      var (renamed, leftOut): ([(tensor: String, parameter: String)], [String]) = ([], [])
      if let adapter {
        let values = try adapter.file.parameters(of: network)
        parameters = Tensor(uninitialized: [network.parameterCount])
        parameters.storage.base.update(
          from: adapter.model.storage.base, count: adapter.model.count)
        (parameters.storage.base + adapter.model.count).update(
          from: values.storage.base, count: values.count)
      } else {
        let weights = try ForeignWeights(reading: found.path)
        let isAdapted = weights.entries.contains { $0.name.hasSuffix(LowRankLinear.downName) }
        let layout = isAdapted ? network.parameters : network.modelParameters
        let fitted = try weights.parameters(layout: layout)
        (renamed, leftOut) = (fitted.renamed, fitted.leftOut)
        // Adapters that are not there begin as they do.
        parameters = network.initialParameters(seed: seed)
        parameters.storage.base.update(
          from: fitted.parameters.storage.base, count: fitted.parameters.count)
      }
      imported = Imported(
        seed: seed, epoch: found.epoch, file: found.path, renamed: renamed,
        leftOut: leftOut,
        metrics: try Pending.tried(parameters, network, loss, data, file: found.path))
    }

    /// Weights that are there.
    ///
    /// - Parameter origin: what they were made from.
    init(
      _ parameters: Tensor, seed: UInt64, epoch: Int, origin: String, _ network: Network,
      _ loss: Loss, _ data: SplitData
    ) throws {
      self.parameters = parameters
      imported = Imported(
        seed: seed, epoch: epoch, file: origin, renamed: [], leftOut: [],
        metrics: try Pending.tried(parameters, network, loss, data, file: origin))
    }

    /// How weights do on the data.
    private static func tried(
      _ parameters: Tensor, _ network: Network, _ loss: Loss, _ data: SplitData, file: String
    ) throws -> ModelMetrics {
      let predictor = Predictor(network: network, parameters: parameters, loss: loss)
      let train = predictor.predictions(for: data.train)
      let test = predictor.predictions(for: data.test)
      for (loss, part) in [(train.meanLoss, "training"), (test.meanLoss, "test")]
      where !loss.isFinite {
        throw RunError.importedNotFinite(what: "the mean \(part) loss is", file: file)
      }
      return ModelMetrics(train: train, test: test)
    }

    func write(_ record: RunRecord, layout: [Parameter], to folder: RunFolder) throws {
      try Checkpoint.write(
        parameters, layout: layout,
        provenance: CheckpointProvenance(
          blasCore: record.blasCore, run: record.name, seed: imported.seed, epoch: imported.epoch,
          step: 0, configuration: record.configuration, dataHashes: record.dataHashes,
          metrics: imported.metrics, importedFrom: imported.file),
        to: folder.checkpoint(seed: imported.seed, epoch: imported.epoch))
    }
  }
}
