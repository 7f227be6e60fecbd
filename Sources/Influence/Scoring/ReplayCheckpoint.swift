// Letters: n training examples.
import Checkpoints
import Datasets
import Gradients
import Networks
import Runs
import Storage
import Tensors
import Training

/// The end of a seed's training, with the way back through its steps: for methods of the whole
/// training, which take no kernel.
public struct ReplayCheckpoint: ScoredCheckpoint {
  /// Its name in reports.
  public let name: String
  /// The seed and its last rate.
  public let place: TrainingPlace?
  /// Where gradients at the last weights come from.
  public let source: any GradientProvider
  /// The training, to be gone through again.
  public let replay: Replay
  /// The kept checkpoints of the training, in order: the last is this one.
  let checkpoints: @Sendable () throws -> [KeptEnd]
  private let training: Dataset
  /// What the smoothness of the training is asked about.
  private let asked: Dataset

  /// The end of a replayed training.
  public init(
    name: String, place: TrainingPlace?, source: any GradientProvider, replay: Replay,
    training: Dataset, asked: Dataset,
    checkpoints: @escaping @Sendable () throws -> [KeptEnd] = { [] }
  ) {
    self.checkpoints = checkpoints
    self.asked = asked.evenly(atMost: ReplayCheckpoint.askedCount)
    (self.name, self.place, self.source) = (name, place, source)
    (self.replay, self.training) = (replay, training)
  }

  /// A kept checkpoint of the training.
  public struct KeptEnd: Sendable {
    let name: String
    let epoch: Int
    let source: any GradientProvider
  }

  /// Examples that the smoothness is asked about, at the most.
  private static let askedCount = 200

  /// A smoothness with what it is of.
  private struct KeptSmoothness: Codable {
    let fingerprint: [String]
    let smoothness: TrainingSmoothness
  }

  /// How far the training's first order holds for an output function; kept beside the run's stores.
  ///
  /// - Throws: errors of training and files.
  func smoothness(_ function: OutputFunction) throws -> TrainingSmoothness {
    let run = replay.run
    let path = "\(run.projectionsFolder)/smoothness-\(function.rawValue)-\(replay.seed).json"
    let fingerprint =
      try run.identity().fingerprint(of: .states).fields.map { "\($0.name) \($0.value)" }
      + ["asked \(asked.contentHash)", "trace \(TrainingSmoothness.trace)"]
    if let kept = try? SealedJSON.read(KeptSmoothness.self, from: path),
      kept.fingerprint == fingerprint
    {
      return kept.smoothness
    }
    let (network, targets) = (replay.trainer.network, TargetValues(asked.targets))
    let made = try TrainingSmoothness(of: replay, data: training) { parameters in
      function.values(
        network.uncheckedOutputs(asked.inputs, parameters: parameters), targets)
    }
    try AtomicFile.makeFolder(run.projectionsFolder)
    try SealedJSON.write(
      KeptSmoothness(fingerprint: fingerprint, smoothness: made), to: path)
    return made
  }

  /// That it is of the steps.
  public var kernelName: String { "the training's steps" }
  /// None.
  public var projectionDimension: Int? { nil }
  /// Yes.
  public var isExact: Bool { true }
  /// None.
  public var deletedRows: [Int] { [] }
  /// No.
  public var hasTraceKernel: Bool { false }

  /// There is none.
  ///
  /// - Throws: `InfluenceError.notDefined`.
  public func kernel(_ target: KernelTarget, diagnoses: Bool) throws -> any GradientKernel {
    throw InfluenceError.notDefined(
      name: "a kernel", reason: "the method goes through the training's steps", option: "‹method›")
  }

  /// −∂ℓ/∂f from the source, n values.
  public func residuals(_ function: OutputFunction) throws -> [Float] {
    try source.residuals(of: training, function)
  }
}

extension ScoringContext {
  /// The training behind the checkpoint.
  ///
  /// - Throws: `InfluenceError.notDefined` for checkpoints of no training.
  func replayed() throws -> ReplayCheckpoint {
    guard let checkpoint = checkpoint as? ReplayCheckpoint else {
      throw InfluenceError.notDefined(
        name: method.name, reason: "it goes through the steps of a run's own training",
        option: "‹method›")
    }
    return checkpoint
  }
}

extension Dataset {
  /// Every k-th example, so many at the most.
  fileprivate func evenly(atMost most: Int) -> Dataset {
    guard count > most else { return self }
    return subset((0..<most).map { $0 * count / most })
  }
}

extension RunInfluence {
  /// How far the first order of the run's training holds (its first seed), for an output function.
  ///
  /// - Throws: `ReplayError` for a run that was not trained here; errors of training and files.
  public func smoothness(_ function: OutputFunction) throws -> TrainingSmoothness {
    let reference = try run.checkpoint()
    return try replayCheckpoint(reference, run.places(of: [reference])[0]).smoothness(function)
  }

  private func replayCheckpoint(
    _ reference: CheckpointReference, _ place: TrainingPlace
  ) throws -> ReplayCheckpoint {
    ReplayCheckpoint(
      name: reference.groupName, place: place, source: try source(reference),
      replay: try Replay(run, seed: reference.seed, data: data.train), training: data.train,
      asked: data.test.count > 0 ? data.test : data.train,
      checkpoints: {
        try CheckpointChoice.logSpaced.references(
          of: run, seeds: [reference.seed], method: .tracin
        ).map {
          ReplayCheckpoint.KeptEnd(name: $0.groupName, epoch: $0.epoch, source: try source($0))
        }
      })
  }

  /// The end of each chosen seed's training.
  ///
  /// - Throws: `InfluenceError.notDefined` for scores over some layers and for other checkpoints than
  ///   the last, `ReplayError`.
  func replayCheckpoints(
    _ scoring: ResolvedScoring
  ) throws -> ([any ScoredCheckpoint], [CheckpointReference]) {
    let method = scoring.options.method
    func refuse(_ reason: String, _ option: String) -> InfluenceError {
      .notDefined(name: method.name, reason: reason, option: option)
    }
    if run.record.status == .imported || run.isForeign {
      throw ReplayError.notTrainedHere(run: run.name)
    }
    if selectionText != (try run.network.selectionText) {
      throw refuse("it is of all that was trained", "‹layers›")
    }
    let references = try scoring.choice.references(of: run, seeds: scoring.seeds, method: method)
    let ends = try CheckpointChoice.final.references(of: run, seeds: scoring.seeds, method: method)
    guard references == ends else {
      throw refuse("it goes through the whole training", "‹checkpoints›")
    }
    let checkpoints = try zip(references, run.places(of: references)).map {
      try replayCheckpoint($0, $1)
    }
    return (checkpoints, references)
  }
}
