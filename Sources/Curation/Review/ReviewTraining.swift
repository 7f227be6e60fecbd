// Letters: S seeds, m test examples.
import Datasets
import Evaluation
import Foundation
import Networks
import Runs
import Storage
import Tensors
import Training

/// What training on decided data changes: pairs of models of the same seed, on the data as they were and
/// as they are decided, judged on the same test examples.
///
/// Kept in one sealed HDF5 file in the run's folder: `metrics`, 2S × 2 (mean loss, and share of right
/// predictions or NaN), the pair of a seed in rows 2s and 2s + 1.
public struct ReviewTraining: Sendable {
  /// How a model does on the test examples.
  public struct Metrics: Sendable, Equatable {
    /// Mean loss.
    public let loss: Double
    /// Share of right predictions; nil for numbers and sequences.
    public let accuracy: Double?
  }

  /// Two models of one seed.
  public struct Pair: Sendable, Equatable {
    /// Trained on the data as they were.
    public let before: Metrics
    /// Trained on the data as they are decided.
    public let after: Metrics
  }

  private let run: Run
  private let before, after: Dataset
  private let test: Dataset
  private let seeds: Int

  /// Pairs of a run.
  ///
  /// - Parameters:
  ///   - before: the run's data.
  ///   - after: the same after the decisions, whose test examples judge both.
  ///   - seeds: S ≥ 1.
  public init(_ run: Run, before: SplitData, after: SplitData, seeds: Int) {
    (self.run, self.before, self.after) = (run, before.train, after.train)
    (test, self.seeds) = (after.test, seeds)
  }

  private func fingerprint() throws -> Fingerprint {
    var fingerprint = try run.identity(examples: test.contentHash).fingerprint(of: .bank)
    fingerprint.append("decided", "\(after.contentHash)")
    fingerprint.append("seeds", "\(seeds)")
    return fingerprint
  }

  /// Trains what is missing; returns at once when all pairs are there.
  ///
  /// - Throws: `DatasetError.noTestSet`; `RunError.noTraining`; errors of training and of files;
  ///   `JobCancelled`: what was finished is kept.
  public func pairs(control: JobControl = .silent) throws -> [Pair] {
    try test.requireTest()
    let fingerprint = try fingerprint()
    let path = "\(run.folder)/review-\(fingerprint.shortName).h5"
    let parts = PartFolder(path: path + ".parts", fingerprint: fingerprint)
    if try AtomicFile.isThere(path) {
      parts.discardLeftovers()
      return try read(path, fingerprint)
    }
    let (network, configuration) = (try run.networkToTrain(), try run.training())
    let lock = try parts.prepare()
    defer { withExtendedLifetime(lock) {} }
    if !(try AtomicFile.isThere(path)) {
      let stage = control.stage("training in pairs", unit: "models")
      let room = try TrainingFootprint(network, configuration, examples: before.count)
        .modelsAtATime()
      do {
        try parts.makeModels(
          Array(0..<2 * seeds), room: room, progress: { stage.update($0, of: 2 * seeds) }
        ) { model in
          try metrics(model, network, configuration) { control.isCancelled }
        }
      } catch TrainingError.cancelled {
        throw JobCancelled(isResumable: (0..<2 * seeds).contains { parts.has($0) })
      }
      try write(path, parts, fingerprint)
    }
    try AtomicFile.removeAll(parts.path)
    return try read(path, fingerprint)
  }

  /// Loss and accuracy of model 2s (before) or 2s + 1 (after).
  private func metrics(
    _ model: Int, _ network: Network, _ configuration: TrainingConfiguration,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [Float] {
    let trainer = try Trainer(
      network: network, configuration: configuration, data: model % 2 == 0 ? before : after,
      // Seeds of their own: no pair repeats the run's model.
      seed: 4_000_000 + configuration.seed + UInt64(model / 2))
    let state = try trainer.train(hooks: TrainingHooks(isCancelled: isCancelled))
    let found = Predictor(network: network, parameters: state.parameters, loss: run.loss)
      .predictions(for: test)
    return [Float(found.meanLoss), found.accuracy.map { Float($0) } ?? .nan]
  }

  private func write(_ path: String, _ parts: PartFolder, _ fingerprint: Fingerprint) throws {
    let values = try (0..<2 * seeds).flatMap { try parts.read($0, count: 2) }
    let file = try SealedFileWriter(path)
    try file.writeRows(values, shape: [2 * seeds, 2], to: "metrics")
    try fingerprint.write(to: file.hdf5)
    try file.finish()
  }

  private func read(_ path: String, _ fingerprint: Fingerprint) throws -> [Pair] {
    let file = try SealedFile(path)
    try Fingerprint.requireEqual(
      expected: fingerprint, found: try Fingerprint(from: file.hdf5), file: path)
    let values = try file.rows("metrics").values(Float.self)
    guard values.count == 4 * seeds else {
      throw CurationError.notDecoys(problem: "its shapes do not fit", file: path)
    }
    return (0..<seeds).map { seed in
      func metrics(_ place: Int) -> Metrics {
        let accuracy = values[4 * seed + place + 1]
        return Metrics(
          loss: Double(values[4 * seed + place]),
          accuracy: accuracy.isNaN ? nil : Double(accuracy))
      }
      return Pair(before: metrics(0), after: metrics(2))
    }
  }
}
