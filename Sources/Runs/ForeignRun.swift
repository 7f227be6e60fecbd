import Checkpoints
import Datasets
import Foundation
import LinearAlgebra
import Networks
import Storage
import Tensors

/// Makes a run of gradients from elsewhere: a record with a table of layers in place of a network.
public struct ForeignRun {
  /// What is recorded.
  public struct Facts: Sendable {
    /// The loss that follows from the labels.
    public var loss: Loss
    /// C.
    public var outputCount: Int
    /// The layers that were differentiated.
    public var layers: [RunRecord.ParameterRecord]
    /// The examples; the test set may be empty.
    public var data: SplitData

    /// What is recorded.
    public init(
      loss: Loss, outputCount: Int, layers: [RunRecord.ParameterRecord], data: SplitData
    ) {
      (self.loss, self.outputCount, self.layers, self.data) = (loss, outputCount, layers, data)
    }
  }

  private let name: String
  private let folder: RunFolder
  private let overwrites: Bool
  private let progress: any TrainingProgress

  /// A run of a name in `checkpointsFolder`.
  ///
  /// - Parameter progress: hears of files that are worthless without the run that is replaced.
  /// - Throws: `RunError.runName`.
  public init(
    name: String, checkpointsFolder: String, overwrites: Bool = false,
    progress: any TrainingProgress = SilentProgress()
  ) throws(RunError) {
    guard RunConfiguration.isName(name) else { throw .runName(name) }
    (self.name, self.overwrites, self.progress) = (name, overwrites, progress)
    folder = RunFolder(path: "\(checkpointsFolder)/\(name)")
  }

  /// Writes the run; nothing of one of the same name is touched before its files are whole.
  ///
  /// - Parameters:
  ///   - parts: `train`, and `test` where there is one.
  ///   - write: writes the sealed file of a part to a path.
  ///   - facts: what is recorded of the written files, in the order of `parts`.
  /// - Throws: `RunError.otherRun` when a run of this name exists, and what the closures throw.
  public func make(
    parts: [String], write: (_ part: String, _ path: String) throws -> Void,
    facts: (_ paths: [String]) throws -> Facts
  ) throws -> Run {
    let isNew = !fileExists(folder.path)
    try makeFolder(folder.path)
    let lock = try folder.lock()
    defer { withExtendedLifetime(lock) {} }
    let temporary = parts.map { "\(folder.path)/.factors-\($0)\(AtomicFile.suffix)" }
    do {
      for (part, path) in zip(parts, temporary) {
        do { try write(part, path) } catch let error as StorageError {
          throw error.naming(folder.factors(part), insteadOf: path)
        }
      }
      let record = RunRecord(foreign: name, try facts(temporary))
      try requireRoom(for: record)
      try folder.removeRunKeepingLeftovers()
      for (part, path) in zip(parts, temporary) {
        guard rename(path, folder.factors(part)) == 0 else {
          throw StorageError.system(
            operation: "name the file", path: folder.factors(part), code: errno)
        }
      }
      try SealedJSON.write(record, to: folder.record)
    } catch {
      for path in temporary { try? removeIfPresent(path) }
      if isNew { _ = rmdir(folder.path) }
      throw error
    }
    return try Run(folder: folder.path)
  }

  /// Refuses another run of this name unless it is to be replaced.
  private func requireRoom(for record: RunRecord) throws {
    guard fileExists(folder.record) else { return }
    do { try requireSame(record) } catch  where overwrites { folder.sayWorthless(to: progress) }
  }

  private func requireSame(_ record: RunRecord) throws {
    let recorded = try RunRecord.read(folder.record)
    let fields = [
      ("status", recorded.status.rawValue, record.status.rawValue),
      (
        "train data hash", recorded.dataHashes["train"] ?? "", record.dataHashes["train"] ?? ""
      ),
      ("test data hash", recorded.dataHashes["test"] ?? "", record.dataHashes["test"] ?? ""),
    ]
    if let (field, found, wanted) = fields.first(where: { $0.1 != $0.2 }) {
      throw RunError.otherRun(
        field: field, recorded: found, wanted: wanted, folder: folder.path)
    }
  }
}

extension RunRecord {
  /// The record of gradients from elsewhere.
  fileprivate init(foreign name: String, _ facts: ForeignRun.Facts) {
    let parts = [("train", facts.data.train), ("test", facts.data.test)]
    self.init(
      blasCore: BLAS.coreName, processorLevel: Processor.level, name: name, status: .foreign,
      configuration: .map([:]),
      dataFolder: ".", loss: facts.loss, seeds: [0], stepsPerEpoch: 0, checkpointEpochs: [0],
      dataHashes: Dictionary(uniqueKeysWithValues: parts.map { ($0, "\($1.contentHash)") }),
      idHashes: Dictionary(uniqueKeysWithValues: parts.map { ($0, RunRecord.hash($1.ids)) }),
      exampleCounts: Dictionary(uniqueKeysWithValues: parts.map { ($0, $1.count) }),
      classNames: facts.data.train.classNames, vocabulary: nil, tokenizerHash: nil,
      normalisation: .none, subset: nil, inputShape: [], outputCount: facts.outputCount,
      parameters: facts.layers, results: [])
  }
}
