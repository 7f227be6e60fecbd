import Checkpoints
import Networks
import Storage
import Tensors
import Training

/// One checkpoint of a run.
public struct CheckpointReference: Sendable, Hashable {
  /// The seed.
  public let seed: UInt64
  /// Finished epochs.
  public let epoch: Int
  /// The safetensors file.
  public let path: String

  /// A checkpoint.
  public init(seed: UInt64, epoch: Int, path: String) {
    (self.seed, self.epoch, self.path) = (seed, epoch, path)
  }

  /// `seed-0/epoch-010`: the name of the checkpoint in stores and reports.
  public var groupName: String {
    let digits = String(epoch)
    return "seed-\(seed)/epoch-" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }
}

extension Run {
  /// The checkpoints by seed and epoch: all of a finished run, so that one whose files are gone is
  /// an error where it is read, never left out silently; of an unfinished run those that are there.
  public var checkpoints: [CheckpointReference] {
    let files = RunFolder(path: folder)
    if isForeign {
      return [CheckpointReference(seed: 0, epoch: 0, path: files.factors("train"))]
    }
    return seeds.flatMap { seed in
      record.checkpointEpochs.compactMap { epoch in
        let path = files.checkpoint(seed: seed, epoch: epoch)
        let isThere = fileExists(path) && fileExists(Checkpoint.provenancePath(of: path))
        guard isFinished || isThere else { return nil }
        return CheckpointReference(seed: seed, epoch: epoch, path: path)
      }
    }
  }

  /// The last checkpoint of each seed.
  public var finalCheckpoints: [CheckpointReference] {
    seeds.compactMap { seed in checkpoints.last { $0.seed == seed } }
  }

  /// A checkpoint by seed (the first when nil) and epoch (the last when nil).
  ///
  /// - Throws: `RunError.missingPart`.
  public func checkpoint(seed: UInt64? = nil, epoch: Int? = nil) throws -> CheckpointReference {
    let wanted = seed ?? seeds.first ?? 0
    let found = checkpoints.last { $0.seed == wanted && (epoch == nil || $0.epoch == epoch) }
    guard let found else {
      throw RunError.missingPart(
        what: "checkpoint of seed \(wanted)" + (epoch.map { " and epoch \($0)" } ?? ""), run: name,
        isFinished: isFinished)
    }
    return found
  }

  /// A checkpoint's weights and provenance, every byte verified.
  ///
  /// - Throws: `CheckpointError`.
  public func load(_ checkpoint: CheckpointReference) throws -> Checkpoint {
    let loaded = try Checkpoint(reading: checkpoint.path, layout: try network.parameters)
    let provenance = loaded.provenance
    for (field, recorded, found) in [
      ("the run", name, provenance.run), ("the seed", "\(checkpoint.seed)", "\(provenance.seed)"),
      ("the epoch", "\(checkpoint.epoch)", "\(provenance.epoch)"),
      (
        "the train data hash", record.dataHashes["train"] ?? "",
        provenance.dataHashes["train"] ?? ""
      ),
    ] where recorded != found {
      throw CheckpointError.mismatch(
        field: field, recorded: recorded, found: found,
        file: Checkpoint.provenancePath(of: checkpoint.path))
    }
    return loaded
  }

  /// A checkpoint's flat parameter vector, p values, every byte verified.
  public func parameters(of checkpoint: CheckpointReference) throws -> Tensor {
    try load(checkpoint).parameters
  }

  /// The identity of a checkpoint's weights, as its provenance records it; of gradients from
  /// elsewhere the seal of their file.
  public func modelHash(of checkpoint: CheckpointReference) throws -> Digest {
    if isForeign { return try SealedFile(checkpoint.path).digest }
    let provenance = try Checkpoint.provenance(of: checkpoint.path)
    guard let digest = Digest(hexadecimal: provenance.modelHash) else {
      throw CheckpointError.unreadableProvenance(
        problem: "modelHash is not a SHA-256", file: Checkpoint.provenancePath(of: checkpoint.path))
    }
    return digest
  }

  /// The model at a checkpoint.
  public func predictor(_ checkpoint: CheckpointReference) throws -> Predictor {
    Predictor(network: try network, parameters: try parameters(of: checkpoint), loss: loss)
  }

  /// How each training example was learnt under a seed.
  ///
  /// - Throws: `RunError.missingPart` for imported and unfinished runs; `StorageError` for
  ///   every byte that changed.
  public func dynamics(seed: UInt64) throws -> Dynamics {
    let path = RunFolder(path: folder).dynamics(seed: seed)
    guard fileExists(path) else {
      if record.status == .finished && seeds.contains(seed) {
        throw CheckpointError.missingFile(file: path)
      }
      throw RunError.missingPart(
        what: "dynamics of seed \(seed)", run: name, isFinished: isFinished)
    }
    return try Dynamics(reading: path)
  }

  /// The order in which a seed visited the training examples.
  ///
  /// - Throws: `RunError.noTraining` for imported weights.
  public func batchOrder(seed: UInt64) throws -> BatchOrder {
    let batch = try training().batch
    return BatchOrder(count: record.exampleCounts["train"] ?? 0, batch: batch, seed: seed)
  }
}
