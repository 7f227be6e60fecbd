import Checkpoints
import Models
import Networks
import Storage
import Tensors

/// A run of the same data whose weights were made from another run's: one checkpoint, no training.
///
/// To later commands it is a run of imported weights, whose provenance names what they were made from.
public struct EditedRun: Sendable {
  private let source: Run
  private let checkpoint: CheckpointReference
  private let configuration: RunConfiguration
  private let folder: RunFolder
  private let checkpointsFolder: String
  /// Whether another run of the same name is replaced.
  public var overwrites = false

  /// A run beside another.
  ///
  /// - Parameters:
  ///   - name: the new run's, another than the run's own.
  ///   - checkpoint: what the weights were made from.
  ///   - model: the network, where it is another one; nil: that of the run.
  /// - Throws: `RunError.runName`.
  public init(
    named name: String, from source: Run, _ checkpoint: CheckpointReference,
    model: ModelConfiguration? = nil, checkpointsFolder: String
  ) throws {
    var configuration = try source.configuration().renamed(name)
    folder = RunFolder(path: "\(checkpointsFolder)/\(name)")
    precondition(name != source.name, "\(name) edited in its own place")
    if let model {
      configuration.model = model
      // Weights of other shapes cannot begin where those of the run did.
      configuration.training.from = nil
    }
    (self.source, self.checkpoint, self.configuration) = (source, checkpoint, configuration)
    self.checkpointsFolder = checkpointsFolder
  }

  /// The network, of the run's inputs and outputs.
  public func network() throws -> Network {
    let network = try RunConfiguration.network(
      configuration.model, adapters: configuration.adapters, freeze: configuration.training.freeze,
      inputShape: source.record.inputShape, outputs: source.record.outputCount)
    return configuration.hasTraining ? try configuration.started(network) : network
  }

  /// Tries the weights on the data and writes the run, whole or not at all.
  ///
  /// - Parameters:
  ///   - parameters: p values of `network()`.
  ///   - origin: what they were made from, in words: the provenance's.
  /// - Throws: `RunError.otherRun` when another run of this name exists, `.importedNotFinite`;
  ///   errors of data and files.
  @discardableResult
  public func write(_ parameters: Tensor, origin: String) throws -> Run {
    let network = try network()
    let data = try source.loadData()
    var record = RunRecord(
      configuration, data: data, subset: source.record.subset, loss: source.loss,
      network: network, runFolder: folder.path)
    record.status = .imported
    record.stepsPerEpoch = 0
    record.seeds = [checkpoint.seed]
    record.checkpointEpochs = [checkpoint.epoch]
    var job = ImportJob(configuration, from: origin, checkpointsFolder: checkpointsFolder)
    job.overwrites = overwrites
    let pending = try ImportJob.Pending(
      parameters, seed: checkpoint.seed, epoch: checkpoint.epoch, origin: origin, network,
      source.loss, data)
    return try job.write(record, network, [pending], to: folder)
  }
}
