// Letters: n training examples, m test examples, M subsets, S seeds, C outputs, W targets of all
// test sequences together.
import Datasets
import Foundation
import Networks
import Runs
import Storage
import Tensors
import Training

/// The making of a bank, model by model, with all workers busy and nothing lost when killed.
public struct RetrainingJob: Sendable {
  let run: Run
  let data: SplitData
  let design: SubsetDesign
  let seeds: Int
  /// Of sequences whether f of each token is kept beside that of the whole; nil of others.
  public let keepsTokens: Bool?

  /// Bytes up to which a bank keeps f of each token unless told otherwise.
  public static let tokenBytes = 1 << 28

  /// The retraining of a run on subsets of its training set.
  ///
  /// - Parameter keepsTokens: of sequences whether f of each token is kept, 20 bytes a token and
  ///   model; nil: where that is `tokenBytes` or less.
  public init(
    _ run: Run, data: SplitData, design: SubsetDesign, seeds: Int, keepsTokens: Bool? = nil
  ) {
    precondition(seeds >= 1, "\(seeds) seeds")
    precondition(
      design.kind != .sameRun || seeds <= run.seeds.count, "\(seeds) of \(run.seeds) seeds")
    self.run = run
    self.data = data
    self.design = design
    self.seeds = seeds
    self.keepsTokens = data.test.targets.tokenCounts.map { counts in
      let bytes = RetrainingJob.tokenBytes(of: counts, models: design.subsets * seeds)
      return keepsTokens ?? (bytes <= RetrainingJob.tokenBytes)
    }
  }

  /// What f of each token takes in the file: four functions and the predicted token.
  private static func tokenBytes(of counts: [Int], models: Int) -> Int {
    4 * (SequenceOutputs.functions.count + 1) * counts.reduce(0, +) * models
  }

  /// `Checkpoints/RUN/NAME.h5`.
  public static func path(_ run: Run, bank name: String = "bank") -> String {
    "\(run.folder)/\(name).h5"
  }

  /// What the bank is made from.
  ///
  /// - Throws: `TrainingError.noTraining`, `ConfigurationError`.
  public func fingerprint() throws -> Fingerprint {
    _ = try run.training()
    return fingerprint(of: try run.identity(examples: data.test.contentHash))
  }

  /// What a bank of this design is made from, for a run and a machine.
  func fingerprint(of identity: RunIdentity) -> Fingerprint {
    var fingerprint = identity.fingerprint(of: .bank)
    for (name, value) in [
      ("subsets", "\(design.subsets)"), ("fraction", "\(design.fraction)"),
      ("subsetSeed", "\(design.seed)"), ("seeds", "\(seeds)"),
    ] { fingerprint.append(name, value) }
    if design.kind != .random {
      fingerprint.append("design", design.kind.rawValue)
      fingerprint.append("ranking", design.ranking?.description ?? "none")
      let masks = design.masks(of: data.train.count).elements.map { UInt8($0) }
      fingerprint.append("masks", "\(SHA256.digest(of: masks))")
    }
    if design.kind == .pruning {
      let seeds = design.roles.map { "\($0.seed ?? 0)" }.joined(separator: " ")
      fingerprint.append("modelSeeds", "\(SHA256.digest(of: Array(seeds.utf8)))")
    }
    if let keepsTokens { fingerprint.append("tokenOutputs", keepsTokens ? "kept" : "sums alone") }
    return fingerprint
  }

  /// Trains what is missing and writes the bank; returns at once when it is there.
  ///
  /// - Parameters:
  ///   - overwrite: whether a bank made from something else, or its half, is replaced; else it is
  ///     refused.
  ///   - progress: called after each model with (models done, models in all), from any worker.
  ///   - isCancelled: looked at between steps.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field, `TrainingError.diverged`.
  public func run(
    to path: String, overwrite: Bool = false,
    progress: @Sendable (Int, Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> RetrainingBank {
    // What a bank keeps are outputs on test examples.
    try data.requireTest()
    let fingerprint = try fingerprint()
    let parts = PartFolder(path: path + ".parts", fingerprint: fingerprint)
    if let made = try finished(path, fingerprint, overwrite) {
      parts.discardLeftovers()
      return made
    }
    let (configuration, network) = (try run.training(), try run.networkToTrain())
    let lock = try parts.prepare(overwrite: overwrite)
    defer { withExtendedLifetime(lock) {} }
    // Another process may have come to its end before the lock was taken.
    if let made = try finished(path, fingerprint, overwrite) {
      try AtomicFile.removeAll(parts.path)
      return made
    }
    if overwrite { try AtomicFile.removeAll(path) }
    try makeParts(parts, network, configuration, progress, isCancelled)
    try write(to: path, parts, fingerprint)
    try AtomicFile.removeAll(parts.path)
    return try RetrainingBank(path, expecting: fingerprint)
  }

  /// The bank that is there; nil when there is none, or one that is to be replaced.
  private func finished(
    _ path: String, _ fingerprint: Fingerprint, _ overwrite: Bool
  ) throws -> RetrainingBank? {
    guard try AtomicFile.isThere(path) else { return nil }
    do { return try RetrainingBank(path, expecting: fingerprint) } catch  where overwrite {
      return nil
    }
  }

  /// Trains the models that have no part yet.
  private func makeParts(
    _ parts: PartFolder, _ network: Network, _ configuration: TrainingConfiguration,
    _ progress: @Sendable (Int, Int) -> Void, _ isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    let total = design.subsets * seeds
    let room = try TrainingFootprint(network, configuration, examples: data.train.count)
      .modelsAtATime()
    do {
      try parts.makeModels(Array(0..<total), room: room, progress: { progress($0, total) }) {
        try outputs($0, network, configuration, isCancelled)
      }
    } catch TrainingError.cancelled(let run, _) {
      throw TrainingError.cancelled(run: run, resumable: (0..<total).contains { parts.has($0) })
    }
  }

  /// Models that are trained side by side, wave by wave: as many as keep all workers busy with
  /// whole models, then what is left, which shares them; fewer where memory is short.
  ///
  /// - Parameter room: how many models' trainings memory has room for.
  static func waves(of count: Int, room: Int, workers: Int) -> [Range<Int>] {
    guard room >= workers else { return (0..<count).blocks(of: max(1, room)) }
    let whole = count - count % workers
    return [0..<whole, whole..<count].filter { !$0.isEmpty }
  }

  /// What is kept of model (subset · S + seed): its outputs on the test set, m · C values; of
  /// sequences f of each by every function, then of each token, and the predicted tokens as bits.
  private func outputs(
    _ model: Int, _ network: Network, _ configuration: TrainingConfiguration,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [Float] {
    let trainer = try trainer(model, network, configuration)
    let state = try trainer.train(hooks: TrainingHooks(isCancelled: isCancelled))
    let predictor = Predictor(network: network, parameters: state.parameters, loss: run.loss)
    guard let keepsTokens else { return predictor.predictions(for: data.test).logits.elements }
    let found = predictor.sequenceOutputs(for: data.test)
    let sums = found.sums.flatMap { $0 }
    guard keepsTokens else { return sums }
    return sums + found.tokens.flatMap { $0 }
      + found.predicted.map { Float(bitPattern: UInt32(bitPattern: $0)) }
  }

  /// The training of model (subset · S + seed).
  private func trainer(
    _ model: Int, _ network: Network, _ configuration: TrainingConfiguration
  ) throws -> Trainer {
    let (subset, seed) = (model / seeds, model % seeds)
    let (rows, count) = (design.rows(subset, of: data.train.count), data.train.count)
    if design.kind == .sameRun {
      var weights = [Float](repeating: 0, count: count)
      for row in rows { weights[row] = 1 }
      return try Trainer(
        network: network, configuration: configuration, data: data.train, seed: run.seeds[seed],
        weights: weights)
    }
    // Seeds of their own: no model of a bank repeats the run's.
    return try Trainer(
      network: network, configuration: configuration, data: data.train, rows: rows,
      seed: 1_000_000 + configuration.seed
        + design.seedOffset(subset: subset, seed: seed, seeds: seeds))
  }
}
