import LinearAlgebra
import Networks
import Storage

extension CheckpointReference {
  /// `seed-0/epoch-010`: the name of the checkpoint in stores, fingerprints and reports.
  public var name: String {
    let digits = String(epoch)
    let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    return "seed-\(seed)/epoch-\(padded)"
  }
}

extension Run {
  /// What numbers made from the run follow from, computed by this process.
  ///
  /// - Parameters:
  ///   - checkpoints: those that the numbers are of; none where only its training counts.
  ///   - layers: `Network.selectionText` of the network that gradients are taken of.
  ///   - examples: content hash of the other examples: a store's rows, the queries, the test set.
  /// - Throws: `ConfigurationError` when this version no longer reads the run file;
  ///   `CheckpointError` for a provenance that cannot be read.
  public func identity(
    checkpoints: [CheckpointReference] = [], layers: String? = nil, examples: Digest? = nil
  ) throws -> RunIdentity {
    let weights = try checkpoints.map {
      RunIdentity.Weights(checkpoint: $0.name, hash: "\(try modelHash(of: $0))")
    }
    guard !isForeign else {
      return RunIdentity(
        weights: weights, trainingData: record.dataHashes["train"],
        examples: examples.map { "\($0)" }, layers: layers,
        machine: .init(blasCore: BLAS.coreName))
    }
    let configuration = try configuration()
    return RunIdentity(
      weights: weights,
      modelConfiguration: configuration.model.value.canonicalJSON,
      adapters: configuration.adapters.map {
        "rank \($0.rank) alpha \($0.alpha) \($0.targets)"
      },
      start: record.dataHashes["start"],
      training: configuration.hasTraining ? configuration.training.weightsValue.canonicalJSON : nil,
      trainingData: record.dataHashes["train"], examples: examples.map { "\($0)" },
      layers: layers, machine: .init(blasCore: BLAS.coreName))
  }
}
