// Letters: n training examples.
import Datasets
import Gradients
import Networks
import Runs
import Tensors

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

  /// The end of a replayed training.
  public init(
    name: String, place: TrainingPlace?, source: any GradientProvider, replay: Replay
  ) {
    (self.name, self.place, self.source, self.replay) = (name, place, source, replay)
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
    try source.residuals(of: replay.training, function)
  }
}

extension ScoringContext {
  /// The training behind the checkpoint.
  ///
  /// - Throws: `InfluenceError.notDefined` for checkpoints of no training.
  func replay() throws -> Replay {
    guard let checkpoint = checkpoint as? ReplayCheckpoint else {
      throw InfluenceError.notDefined(
        name: method.name, reason: "it goes through the steps of a run's own training",
        option: "‹method›")
    }
    return checkpoint.replay
  }
}

extension RunInfluence {
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
    let checkpoints = try zip(references, run.places(of: references)).map { reference, place in
      ReplayCheckpoint(
        name: reference.groupName, place: place, source: try source(reference),
        replay: try Replay(run, seed: reference.seed, data: data.train))
    }
    return (checkpoints, references)
  }
}
