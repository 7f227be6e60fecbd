// Letters: T steps, K steps between kept states, p parameters.
//
// Goals, in this order: the bits of the recorded training or an error, never other numbers; memory
// and disk of about √T states; any stretch, in both directions, and after any interruption.
import Checkpoints
import Datasets
import LinearAlgebra
import Networks
import Storage
import Tensors
import Training

/// The training of one seed of a finished run, once more: every state it went through.
///
///     let replay = try Replay(run)                       // the first seed
///     try replay.backwards { state, batch in             // batch.step = T − 1, …, 0
///       let gradient = try replay.trainer.gradient(state, batch)
///       let weights = try replay.trainer.pullBack(
///         &adjoint, through: batch, from: state, gradient: gradient)
///       …
///     }
///
/// Order, dropout, changes of images, rates, micro-batches and parts of a step are functions of
/// seed and step (`TrainingBatch`), so that a state gives the next one exactly. Only states are
/// kept: parameters and optimizer buffers every K = ⌈√T⌉ steps (`ReplayPlan`) in files beside the
/// checkpoints (`KeptStates`), made by one pass over the training when they are first needed.
/// A killed process leaves those that were finished; the next one goes on from the last.
///
/// Every state at a recorded checkpoint's place is compared with it. A replay is exact on the engine,
/// the processor level and the kernels of OpenBLAS that trained; elsewhere it is refused.
public struct Replay: Sendable {
  /// The run.
  public let run: Run
  /// The training whose steps are made.
  public let trainer: Trainer
  /// What is kept and computed.
  public let plan: ReplayPlan
  let kept: KeptStates

  /// A replay; nothing is computed yet.
  ///
  /// - Parameters:
  ///   - seed: one of the run's; the first when nil.
  ///   - data: the run's training examples when they are at hand (`Run.loadData`); read when nil.
  ///   - memoryBytes: for states in memory; results do not depend on it.
  /// - Throws: `ReplayError.replayElsewhere` naming what would change the bits, `.notTrainedHere`,
  ///   `.noNetwork`, `.missingPart` for a run that is not finished and for other seeds,
  ///   `.dataChanged`, `.startChanged`; errors of data and files.
  public init(
    _ run: Run, seed: UInt64? = nil, data: Dataset? = nil, memoryBytes: Int = Memory.available / 4
  ) throws {
    let seed = seed ?? run.seeds.first ?? 0
    try Replay.requireReplayable(run, seed)
    let training = try run.training()
    let data = try data ?? run.loadData().train
    let found = data.contentHash.description
    guard found == run.record.dataHashes["train"] else {
      throw RunError.dataChanged(
        part: "train", recorded: run.record.dataHashes["train"] ?? "none", found: found,
        run: run.name)
    }
    let network = try run.networkToTrain()
    self.run = run
    trainer = try Trainer(network: network, configuration: training, data: data, seed: seed)
    plan = ReplayPlan(
      training, network: network, examples: data.count, memoryBytes: memoryBytes)
    kept = KeptStates(
      in: RunFolder(path: run.folder).states(seed: seed), identity: try run.identity(), seed: seed)
  }

  private static func requireReplayable(_ run: Run, _ seed: UInt64) throws {
    let record = run.record
    _ = try run.network
    if record.status == .imported { throw ReplayError.notTrainedHere(run: run.name) }
    guard record.status == .finished else {
      throw RunError.missingPart(what: "last step yet", run: run.name, isFinished: false)
    }
    guard record.seeds.contains(seed) else {
      throw RunError.missingPart(what: "seed \(seed)", run: run.name, isFinished: true)
    }
    let level = "\(Processor.level)"
    for (field, recorded, here) in [
      ("engine version", record.engineVersion, Engine.version),
      ("processor level", record.processorLevel.map { "\($0)" } ?? level, level),
      ("BLAS core", record.blasCore, BLAS.coreName),
    ] where recorded != here {
      throw ReplayError.replayElsewhere(
        field: field, recorded: recorded, found: here, run: run.name)
    }
  }

  /// The seed.
  public var seed: UInt64 { trainer.seed }
  /// T, over all epochs.
  public var steps: Int { plan.steps }

  // MARK: States

  /// The state after some steps.
  ///
  /// - Parameter step: 0 for the initial state, T for the last.
  /// - Throws: `ReplayError.replayDiffers`, `.keptState`, `.missingPart`.
  /// - Complexity: at most K steps where states are kept (`keepStates`), else all before it.
  public func state(at step: Int) throws -> TrainingState {
    try requireSteps(from: 0, to: step)
    var state = trainer.initialState()
    if let start = plan.keptSteps(through: step).last(where: kept.contains) {
      state = try kept.read(start, like: state)
    }
    try trainer.forEachBatch(in: state.step..<step) { try make($0, &state) }
    return state
  }

  /// Makes the kept states that are missing; a walk makes those it needs itself.
  ///
  /// - Parameters:
  ///   - step: up to which the training is to be replayed; T when nil.
  ///   - progress: called with (steps made, steps to make) after each; throwing stops cleanly.
  /// - Throws: `ReplayError.replayDiffers`, `.keptState` for a file that is to be deleted,
  ///   `.runInUse`, `StorageError`.
  public func keepStates(
    through step: Int? = nil, progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws {
    let wanted = plan.keptSteps(through: step ?? steps)
    let pieces = zip([0] + wanted, wanted).map { $0..<$1 }
    let missing = pieces.filter { !kept.contains($0.upperBound) }
    guard !missing.isEmpty else { return }
    let lock = try RunFolder(path: run.folder).lock()
    defer { withExtendedLifetime(lock) {} }
    try kept.removeLeftovers()
    let total = missing.reduce(0) { $0 + $1.count }
    var made = 0
    var state = trainer.initialState()
    for piece in missing {
      if state.step != piece.lowerBound { state = try kept.read(piece.lowerBound, like: state) }
      try trainer.forEachBatch(in: piece) { batch in
        try make(batch, &state)
        made += 1
        try progress(made, total)
      }
      try kept.write(state)
    }
  }

  /// Deletes the kept states; they can be made again.
  public func removeStates() throws { try kept.remove() }

  // MARK: Walks

  /// Walks some steps in their order.
  ///
  /// - Parameters:
  ///   - steps: all when nil.
  ///   - body: called with the state before each step, and the step.
  /// - Throws: as `state(at:)`, and what `body` throws.
  public func forwards(
    _ steps: Range<Int>? = nil, _ body: (TrainingState, TrainingBatch) throws -> Void
  ) throws {
    let steps = steps ?? 0..<self.steps
    try requireSteps(from: steps.lowerBound, to: steps.upperBound)
    var state = try state(at: steps.lowerBound)
    try trainer.forEachBatch(in: steps) { batch in
      try body(state, batch)
      try make(batch, &state)
    }
  }

  /// Walks some steps in the opposite order, the last one first; makes the states that are missing.
  ///
  /// - Parameters:
  ///   - steps: all when nil.
  ///   - body: called with the state before each step, and the step: the states that `forwards` has.
  /// - Throws: as `keepStates(through:progress:)`, and what `body` throws.
  /// - Complexity: `plan.sweepSteps` for the whole run.
  public func backwards(
    _ steps: Range<Int>? = nil, _ body: (TrainingState, TrainingBatch) throws -> Void
  ) throws {
    try backwardsInPieces(steps) { piece in
      for (state, batch) in piece.reversed() { try body(state, batch) }
    }
  }

  /// The same by stretches whose states are in memory together, the last one first, each in the order
  /// of its steps: for who goes through them more than once.
  package func backwardsInPieces(
    _ steps: Range<Int>? = nil, _ body: ([(TrainingState, TrainingBatch)]) throws -> Void
  ) throws {
    let steps = steps ?? 0..<self.steps
    try requireSteps(from: steps.lowerBound, to: steps.upperBound)
    try keepStates(through: steps.upperBound)
    var end = steps.upperBound
    while end > steps.lowerBound {
      let start = max(steps.lowerBound, (end - 1) / plan.interval * plan.interval)
      try walkBack(from: try state(at: start), to: end, room: plan.statesInMemory, body)
      end = start
    }
  }

  /// Walks from `end` back to a state, with at most `room` states in memory.
  private func walkBack(
    from first: TrainingState, to end: Int, room: Int,
    _ body: ([(TrainingState, TrainingBatch)]) throws -> Void
  ) throws {
    var state = first
    guard let length = ReplayPlan.pieceLength(end - first.step, room: room) else {
      var walked: [(TrainingState, TrainingBatch)] = []
      try trainer.forEachBatch(in: first.step..<end) { batch in
        walked.append((state, batch))
        if batch.step + 1 < end { try make(batch, &state) }
      }
      return try body(walked)
    }
    var starts = [first]
    for start in stride(from: first.step + length, to: end, by: length) {
      try trainer.forEachBatch(in: state.step..<start) { try make($0, &state) }
      starts.append(state)
    }
    var end = end
    while let start = starts.popLast() {
      try walkBack(
        from: start, to: end, room: ReplayPlan.room(room, beside: starts.count), body)
      end = start.step
    }
  }

  /// Makes a step, and compares the state with the checkpoint that was recorded there.
  private func make(_ batch: TrainingBatch, _ state: inout TrainingState) throws {
    try trainer.step(&state, batch)
    guard state.step.isMultiple(of: trainer.order.stepsPerEpoch),
      run.record.checkpointEpochs.contains(state.epoch)
    else { return }
    let checkpoint = try run.checkpoint(seed: seed, epoch: state.epoch)
    let recorded = try run.modelHash(of: checkpoint)
    let found = modelHash(state.parameters, layout: trainer.network.parameters)
    guard found == recorded else {
      throw ReplayError.replayDiffers(
        checkpoint: checkpoint.name, recorded: "\(recorded)", found: "\(found)", run: run.name)
    }
  }

  private func requireSteps(from first: Int, to last: Int) throws(RunError) {
    for step in [first, last] where step < 0 || step > steps {
      throw .missingPart(what: "step \(step) of \(steps)", run: run.name, isFinished: true)
    }
  }
}
