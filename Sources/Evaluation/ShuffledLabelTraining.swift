// Letters: n training examples, p parameters, K checkpoints.
import Datasets
import Foundation
import Gradients
import Influence
import Randomness
import Runs
import Storage
import Synchronization
import Tensors
import Training

/// A run trained again with the labels of its training examples in random order; of sequences the
/// next tokens of all of them, while the tokens that are read stay where they are.
///
/// The checkpoints are kept in one sealed HDF5 file in the run's folder: `parameters`, K × p, and
/// `residuals`, seeds × n (the mean of 1 − p over the epochs). They are trained once.
public struct ShuffledLabelTraining: Sendable {
  private let influence: RunInfluence
  private let checkpoints: [CheckpointReference]
  /// The training examples with labels in random order.
  ///
  /// Its content hash is that of the inputs where these are sequences.
  public let data: Dataset

  /// The training of some of a run's checkpoints.
  public init(
    _ influence: RunInfluence, checkpoints: [CheckpointReference], shuffleSeed: UInt64 = 0
  ) {
    self.influence = influence
    self.checkpoints = checkpoints
    let train = influence.data.train
    data = Dataset(
      ids: train.ids, inputs: train.inputs,
      targets: train.targets.shuffled(
        RandomStream(seed: shuffleSeed, purpose: .probe, index: 2)),
      tokenizer: train.tokenizer, weights: train.weights)
  }

  /// `Checkpoints/RUN/shuffled-labels.h5`.
  public var path: String { influence.run.shuffledLabelsPath }

  private var seeds: [UInt64] { Set(checkpoints.map(\.seed)).sorted() }

  /// What the training follows from.
  ///
  /// - Throws: `RunError.noTraining`, `ConfigurationError`.
  public func fingerprint() throws -> Fingerprint {
    _ = try influence.run.training()
    var identity = try influence.run.identity()
    // Of the checkpoints the names alone count: the weights are those that are trained here.
    identity.weights = checkpoints.map { .init(checkpoint: $0.name, hash: "") }
    identity.trainingData = "\(data.contentHash)"
    if case .tokens(let tokens, _) = data.targets {
      // The content hash of sequences knows their inputs alone.
      let bits = tokens.elements.withUnsafeBytes { Array($0) }
      identity.trainingData = "\(data.contentHash), targets \(SHA256.digest(of: bits))"
    }
    return identity.fingerprint(of: .shuffledLabels)
  }

  /// A method on the shuffled run: its checkpoints, with the shuffled labels as targets.
  ///
  /// - Parameters:
  ///   - replacing: told why a training that was kept cannot be used and is made again:
  ///     `StorageError.fingerprintMismatch` naming the field, or damage.
  ///   - progress: called after each epoch with (epochs done, epochs in all).
  ///   - isCancelled: looked at between steps.
  public func ensemble(
    options: ScoringOptions, exactLimit: Int = Ensemble.standardExactLimit,
    replacing: (any Error) -> Void = { _ in },
    progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Ensemble {
    let fingerprint = try fingerprint()
    if FileManager.default.fileExists(atPath: path) {
      let found = Result { try kept(fingerprint) }
      if case .success(let kept) = found { return try model(options, kept, exactLimit) }
      if case .failure(let error) = found { replacing(error) }
    }
    let trained = try train(progress, isCancelled)
    let file = try SealedFileWriter(path)
    try file.writeRows(
      trained.parameters.flatMap { $0 },
      shape: [checkpoints.count, try influence.run.network.parameterCount], to: "parameters")
    try file.writeRows(
      trained.residuals.flatMap { $0 }, shape: [seeds.count, data.count], to: "residuals")
    try fingerprint.write(to: file.hdf5)
    try file.finish()
    return try model(options, trained, exactLimit)
  }

  struct Trained {
    var parameters: [[Float]]
    var residuals: [[Float]]
  }

  /// The training that was kept.
  ///
  /// - Throws: `StorageError.fingerprintMismatch` naming the field; damage.
  func kept(_ fingerprint: Fingerprint) throws -> Trained {
    let file = try SealedFile(path)
    try Fingerprint.requireEqual(
      expected: fingerprint, found: try Fingerprint(from: file.hdf5).withPresentNames, file: path)
    func rows(_ name: String) throws -> [[Float]] {
      let rows = try file.rows(name)
      let values = try rows.values(Float.self)
      return (0..<rows.rowCount).map {
        Array(values[$0 * rows.rowLength..<($0 + 1) * rows.rowLength])
      }
    }
    return Trained(parameters: try rows("parameters"), residuals: try rows("residuals"))
  }

  private func train(
    _ progress: @escaping @Sendable (Int, Int) -> Void,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> Trained {
    let configuration = try influence.run.training()
    let network = try influence.run.networkToTrain()
    let isClassification = influence.isClassification
    let total = seeds.count * configuration.epochs
    var parameters: [CheckpointReference: [Float]] = [:]
    var residuals: [[Float]] = []
    for (index, seed) in seeds.enumerated() {
      let wanted = Dictionary(
        uniqueKeysWithValues: checkpoints.filter { $0.seed == seed }.map { ($0.epoch, $0) })
      let found = Mutex<[CheckpointReference: [Float]]>([:])
      let sums = Mutex([Double](repeating: 0, count: data.count))
      let trainer = try Trainer(
        network: network, configuration: configuration, data: data, seed: seed)
      if let initial = wanted[0] {
        found.withLock { $0[initial] = trainer.initialState().parameters.elements }
      }
      let hooks = TrainingHooks(
        afterEpoch: { report in
          if let reference = wanted[report.epoch] {
            found.withLock { $0[reference] = report.parameters.elements }
          }
          if isClassification, let probabilities = report.signals[.probability] {
            sums.withLock { sums in
              for (i, p) in probabilities.enumerated() { sums[i] += 1 - Double(p) }
            }
          }
          progress(index * configuration.epochs + report.epoch, total)
        }, isCancelled: isCancelled)
      _ = try trainer.train(hooks: hooks)
      parameters.merge(found.withLock { $0 }) { first, _ in first }
      residuals.append(
        sums.withLock { $0.map { Float($0 / Double(max(1, configuration.epochs))) } })
    }
    return Trained(parameters: checkpoints.map { parameters[$0] ?? [] }, residuals: residuals)
  }

  private func model(
    _ options: ScoringOptions, _ trained: Trained, _ exactLimit: Int
  ) throws -> Ensemble {
    let network = try influence.network
    let means = data.ids.indices.map { i in
      trained.residuals.reduce(Float(0)) { $0 + $1[i] } / Float(max(1, trained.residuals.count))
    }
    return try Ensemble(
      checkpoints: ExactCheckpoint.sharing(
        zip(checkpoints, trained.parameters).map { reference, values in
          (
            name: reference.groupName + " of shuffled labels",
            source: GradientSource(
              network: network, parameters: Tensor(values, shape: [values.count]))
          )
        }, places: try influence.run.places(of: checkpoints), training: data,
        method: options.method),
      training: data, options: options, trajectoryResiduals: means, exactLimit: exactLimit)
  }
}

extension Targets {
  /// The labels of other examples: those of sequences are the tokens that they predict, each of
  /// which takes the place of another of any sequence, so that lengths stay and all tokens are as
  /// frequent.
  func shuffled(_ stream: RandomStream) -> Targets {
    guard case .tokens(let tokens, let vocabulary) = self else {
      return subset(stream.permutation(of: count))
    }
    let width = tokens.rowLength
    let places = (0..<tokens.count).filter { $0 % width > 0 && tokens[$0] >= 0 }
    let result = Tensor(tokens.elements, shape: tokens.shape)
    for (place, other) in zip(places, stream.permutation(of: places.count)) {
      result.storage.base[place] = tokens[places[other]]
    }
    return .tokens(result, vocabulary: vocabulary)
  }
}

extension RunInfluence {
  /// A method at initial weights of other seeds than the run's, with its training labels.
  ///
  /// - Parameter checkpoints: those of the run that it stands in for; one set of weights a seed.
  public func randomizedEnsemble(
    options: ScoringOptions, checkpoints: [CheckpointReference],
    exactLimit: Int = Ensemble.standardExactLimit
  ) throws -> Ensemble {
    let seeds = Set(checkpoints.map(\.seed))
    let network = try network
    return try Ensemble(
      checkpoints: ExactCheckpoint.sharing(
        seeds.sorted().map { seed in
          (
            name: "initial weights of seed \(2_000_000 + seed)",
            source: GradientSource(
              network: network, parameters: network.initialParameters(seed: 2_000_000 + seed))
          )
        },
        places: try run.places(
          of: seeds.sorted().compactMap { seed in checkpoints.first { $0.seed == seed } }),
        training: data.train, method: options.method),
      training: data.train, options: options,
      trajectoryResiduals: options.exampleWeight.source == .trajectory
        ? try trajectoryResiduals(seeds: seeds) : nil,
      exactLimit: exactLimit)
  }
}
