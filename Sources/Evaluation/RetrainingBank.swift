// Letters: n training examples, m test examples, M subsets, S seeds, C outputs.
import Datasets
import Foundation
import Networks
import Runs
import Storage
import Tensors
import Training

/// Outputs of models trained on subsets: the ground truth of everything in this module.
///
/// One sealed HDF5 file: `masks`, M × n bytes; `logits`, (M · S) × (m · C), model (subset, seed) in
/// row subset · S + seed; design and fingerprint as attributes. Designs that are lists have `roles`
/// too: one JSON text a subset.
public struct RetrainingBank: Sendable {
  /// The subsets.
  public let design: SubsetDesign
  /// Models of each subset.
  public let seeds: Int
  /// M × n, 1 where the example was trained on.
  public let masks: Matrix<Float>
  /// What the bank was made from.
  public let fingerprint: Fingerprint
  /// The file's seal, which stands for its whole contents.
  public let digest: Digest
  /// Where it was read.
  public let path: String
  private let logits: Matrix<Float>
  private let outputCount: Int

  /// Reads a bank and checks every byte.
  ///
  /// - Parameter expected: what it must have been made from, on whatever machine; nil takes any.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field, `EvaluationError.notABank`.
  public init(_ path: String, expecting expected: Fingerprint? = nil) throws {
    self.path = path
    let file = try SealedFile(path)
    digest = file.digest
    fingerprint = try Fingerprint(from: file.hdf5).withPresentNames
    if let expected {
      try Fingerprint.requireEqual(expected: expected, found: fingerprint, file: path)
    }
    guard case .text(let text) = try file.hdf5.attribute("bank"),
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8))
    else { throw EvaluationError.notABank(problem: "it has no header", file: path) }
    let bytes = try file.rows("masks").values(UInt8.self)
    let values = try file.rows("logits").values(Float.self)
    let models = header.design.subsets * header.seeds
    guard header.outputCount > 0, header.testExamples >= 0,
      bytes.count == header.design.subsets * header.trainingExamples,
      values.count == models * header.testExamples * header.outputCount
    else { throw EvaluationError.notABank(problem: "its shapes do not fit", file: path) }
    seeds = header.seeds
    outputCount = header.outputCount
    let count = header.trainingExamples
    masks = Matrix(bytes.map { Float($0) }, rows: header.design.subsets, columns: count)
    var design = header.design
    if design.kind != .random {
      let decoder = JSONDecoder()
      design.roles = try file.hdf5.dataset("roles").readStrings().compactMap {
        try? decoder.decode(SubsetRole.self, from: Data($0.utf8))
      }
      guard design.roles.count == design.subsets else {
        throw EvaluationError.notABank(problem: "its subsets have no roles", file: path)
      }
      design.members = (0..<design.subsets).map { subset in
        (0..<count).filter { bytes[subset * count + $0] == 1 }
      }
    }
    self.design = design
    logits = Matrix(
      values, rows: models, columns: header.testExamples * header.outputCount)
  }

  struct Header: Codable {
    let design: SubsetDesign
    let seeds: Int
    let trainingExamples: Int
    let testExamples: Int
    let outputCount: Int
  }

  /// The logits of one model on the test set, m × C.
  public func logits(subset: Int, seed: Int) -> Tensor {
    let row = logits.row(subset * seeds + seed)
    return Tensor(row, shape: [row.count / outputCount, outputCount])
  }

  /// f of every query under every model: S matrices of M × m.
  public func outputs(_ function: OutputFunction, of test: Dataset) -> [Matrix<Float>] {
    let targets = TargetValues(test.targets)
    return (0..<seeds).map { seed in
      let result = Matrix<Float>(uninitialized: design.subsets, test.count)
      for subset in 0..<design.subsets {
        let values = function.values(logits(subset: subset, seed: seed), targets)
        for (query, value) in values.enumerated() {
          result.storage.base[subset * test.count + query] = value
        }
      }
      return result
    }
  }
}

/// The making of a bank, model by model, with all workers busy and nothing lost when killed.
public struct RetrainingJob: Sendable {
  private let run: Run
  private let data: SplitData
  private let design: SubsetDesign
  private let seeds: Int

  /// The retraining of a run on subsets of its training set.
  public init(_ run: Run, data: SplitData, design: SubsetDesign, seeds: Int) {
    precondition(seeds >= 1, "\(seeds) seeds")
    self.run = run
    self.data = data
    self.design = design
    self.seeds = seeds
  }

  /// `Checkpoints/RUN/NAME.h5`.
  public static func path(_ run: Run, bank name: String = "bank") -> String {
    "\(run.folder)/\(name).h5"
  }

  /// What the bank is made from.
  ///
  /// - Throws: `RunError.noTraining`, `ConfigurationError`.
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
    if case .tokens = data.train.targets {
      throw EvaluationError.notDefined(
        kind: "a bank of retrained models",
        reason: "it keeps one row of outputs an example, and "
          + "these are sequences with one a token", run: run.name,
        remedy: "use a run whose examples have a class or numbers")
    }
    // What a bank keeps are outputs on test examples.
    try data.requireTest()
    let fingerprint = try fingerprint()
    if let made = try finished(path, fingerprint, overwrite) { return made }
    let configuration = try run.training()
    let network = try run.networkToTrain()
    let parts = PartFolder(path: path + ".parts", fingerprint: fingerprint)
    let lock = try parts.prepare(overwrite: overwrite)
    defer { withExtendedLifetime(lock) {} }
    // Another process may have come to its end before the lock was taken.
    if let made = try finished(path, fingerprint, overwrite) {
      try AtomicFile.removeAll(parts.path)
      return made
    }
    if overwrite { try AtomicFile.removeAll(path) }
    let total = design.subsets * seeds
    let missing = (0..<total).filter { !parts.has($0) }
    progress(total - missing.count, total)
    let failure = Failure()
    let footprint = try TrainingFootprint(network, configuration, examples: data.train.count)
    Workers.run(slices: missing.count, atMost: footprint.modelsAtATime()) { slice in
      guard !failure.happened else { return }
      do {
        let model = missing[slice]
        let values = try logits(model, network, configuration, isCancelled)
        try parts.write(values, model)
        progress(failure.countDone() + total - missing.count, total)
      } catch {
        failure.note(error)
      }
    }
    do { try failure.rethrow() } catch TrainingError.cancelled(let run, _) {
      throw TrainingError.cancelled(run: run, resumable: (0..<total).contains { parts.has($0) })
    }
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

  /// Outputs on the test set of model (subset · S + seed), m · C values.
  private func logits(
    _ model: Int, _ network: Network, _ configuration: TrainingConfiguration,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [Float] {
    let subset = model / seeds
    let offset = design.seedOffset(subset: subset, seed: model % seeds, seeds: seeds)
    // Seeds of their own: no model of a bank repeats the run's.
    let trainer = try Trainer(
      network: network, configuration: configuration, data: data.train,
      rows: design.rows(subset, of: data.train.count),
      seed: 1_000_000 + configuration.seed + offset)
    let state = try trainer.train(hooks: TrainingHooks(isCancelled: isCancelled))
    return Predictor(network: network, parameters: state.parameters, loss: run.loss)
      .predictions(for: data.test).logits.elements
  }

  private func write(
    to path: String, _ parts: PartFolder, _ fingerprint: Fingerprint
  ) throws {
    let outputCount = try run.network.outputCount
    let header = RetrainingBank.Header(
      design: design, seeds: seeds, trainingExamples: data.train.count,
      testExamples: data.test.count, outputCount: outputCount)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let width = data.test.count * outputCount
    let file = try SealedFileWriter(path)
    try file.writeRows(
      design.masks(of: data.train.count).elements.map { UInt8($0) },
      shape: [design.subsets, data.train.count], to: "masks")
    let rows = try file.makeRows(
      "logits", shape: [design.subsets * seeds, width], type: .float32)
    for model in 0..<design.subsets * seeds {
      try rows.append(try parts.read(model, count: width), rows: 1)
    }
    if design.kind != .random {
      try file.hdf5.write(
        design.roles.map { String(decoding: try encoder.encode($0), as: UTF8.self) }, to: "roles")
    }
    try file.hdf5.setAttribute(
      "bank", .text(String(decoding: try encoder.encode(header), as: UTF8.self)))
    try fingerprint.write(to: file.hdf5)
    try file.finish()
  }
}
