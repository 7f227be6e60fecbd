// Letters: n training examples.
import Foundation
import Gradients
import Networks
import Projections
import Runs
import Storage
import Tensors

extension RunInfluence {
  /// The run's store of the gradients that its training kept at its steps.
  public var stepsPath: String { "\(run.projectionsFolder)/steps.h5" }

  /// A method on the training's steps.
  ///
  /// - Throws: `GradientError.stepsHaveNoCheckpoint` for one that needs every example at one
  ///   checkpoint.
  func onSteps(_ method: Method) throws(GradientError) -> Method {
    guard let method = method.onSteps else {
      throw .stepsHaveNoCheckpoint(method: method.name, path: stepsPath)
    }
    return method
  }

  /// Every chosen checkpoint with the visits from it up to the next; the visits before the first are
  /// those of the initial weights, which are made again from the seed.
  ///
  /// - Returns: checkpoints that have visits, and those that were chosen.
  func stepCheckpoints(
    _ scoring: ResolvedScoring
  ) throws -> ([any ScoredCheckpoint], [CheckpointReference]) {
    let references = try (scoring.choice == .standard ? CheckpointChoice.all : scoring.choice)
      .references(of: run, seeds: scoring.seeds, method: scoring.options.method)
    let (store, projector) = try openSteps()
    let seeds = references.map(\.seed).reduce(into: [UInt64]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    let checkpoints = try seeds.flatMap { seed in
      try stepCheckpoints(store, projector, references.filter { $0.seed == seed }, seed: seed)
    }
    return (checkpoints, references)
  }

  private func stepCheckpoints(
    _ store: StepGradientStore, _ projector: any Projector, _ references: [CheckpointReference],
    seed: UInt64
  ) throws -> [StepCheckpoint] {
    let n = data.train.count
    let network = try network
    let visits = try StepCheckpoint.Visits(store, seed: seed, count: n)
    // A checkpoint is after the steps of its epoch, and the first of those it is not after.
    let kept = references.filter { $0.epoch * n < store.count }
    let starts: [(epoch: Int, reference: CheckpointReference?)] =
      (kept.first?.epoch == 0 ? [] : [(0, nil)]) + kept.map { ($0.epoch, $0) }
    let names = starts.map { $0.reference.map { "\($0.epoch)" } ?? "0 (initial weights)" }
    let note =
      "a step's gradient meets the query's at the last kept checkpoint not after it: of epoch "
      + names.joined(separator: ", ")
    return try starts.enumerated().map { index, start in
      let end = index + 1 < starts.count ? starts[index + 1].epoch * n : store.count
      let initial = CheckpointReference(seed: seed, epoch: 0, path: "")
      return StepCheckpoint(
        name: (start.reference ?? initial).name, seed: seed,
        source: try start.reference.map { try source($0) }
          ?? GradientSource(
            network: try network,
            parameters: try run.networkToTrain().initialParameters(seed: seed)),
        projector: projector, visits: visits, range: start.epoch * n..<end, note: note)
    }
  }

  /// The run's store of steps with its projector.
  ///
  /// - Throws: `InfluenceError.noSteps`; `StorageError.fingerprintMismatch` naming the field when the
  ///   store was made by another training than the run's as it is now.
  private func openSteps() throws -> (StepGradientStore, any Projector) {
    guard try AtomicFile.isThere(stepsPath) else {
      throw InfluenceError.noSteps(path: stepsPath, run: run.name)
    }
    let store = try StepGradientStore(stepsPath)
    let found = store.reader.fingerprint
    let identity = try run.identity(
      layers: selectionText, examples: data.train.contentHash)
    func require(_ projector: String) throws {
      try Fingerprint.requireEqual(
        expected: StepGradientStore.fingerprint(
          identity, function: found["outputFunction"] ?? "", projector: projector,
          dtype: store.reader.layout.dtype), found: found, file: stepsPath)
    }
    // All but the projector first: it is made again from this network's layers.
    try require(found["projector"] ?? "")
    let network = try network
    let shapes = GradientSource(
      network: network, parameters: Tensor(repeating: 0, shape: [network.parameterCount]))
    let projector = try ProjectionChoice(stored: found["projector"], file: stepsPath)
      .projector(for: shapes, .loss, data.train)
    try require(projector.identity.canonicalText)
    return (store, projector)
  }
}
