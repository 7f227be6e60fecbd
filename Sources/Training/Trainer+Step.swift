// Letters: n training examples, B batch, p parameters.
import Factors
import Networks
import Tensors

/// One step of a training: the training's own loop (`Trainer.swift`), a replay (`Replay.swift`) and
/// a loop of one's own are made of these.
extension Trainer {
  /// The steps of an epoch in their order.
  ///
  /// - Parameter epoch: from 1.
  /// - Complexity: O(n).
  public func batches(epoch: Int) -> [TrainingBatch] {
    let first = (epoch - 1) * order.stepsPerEpoch
    return order.batches(epoch: epoch).enumerated().map { index, rows in
      TrainingBatch(
        order: order, step: first + index, epoch: epoch,
        rate: configuration.schedule.rate(
          at: first + index, rate: configuration.rate, stepsPerEpoch: order.stepsPerEpoch,
          epochs: configuration.epochs), rows: rows, parts: parts(of: rows.count))
    }
  }

  /// One step.
  ///
  /// - Parameter step: from 0, over the whole training.
  /// - Complexity: O(n); `batches(epoch:)` has a whole epoch's at that price.
  public func batch(at step: Int) -> TrainingBatch {
    batches(epoch: step / order.stepsPerEpoch + 1)[step % order.stepsPerEpoch]
  }

  /// Calls `body` with each of some steps in their order; no state moves.
  ///
  /// - Complexity: O(n) for each epoch that the steps are of.
  package func forEachBatch(
    in steps: Range<Int>, _ body: (TrainingBatch) throws -> Void
  ) rethrows {
    guard !steps.isEmpty else { return }
    let size = order.stepsPerEpoch
    for epoch in steps.lowerBound / size...(steps.upperBound - 1) / size {
      for batch in batches(epoch: epoch + 1) where steps.contains(batch.step) { try body(batch) }
    }
  }

  /// The places in a batch that go through the network one after the other, for each part: its
  /// examples of every micro-batch.
  private func parts(of count: Int) -> [[Range<Int>]] {
    let whole = (0..<count).blocks(of: microBatch)
    return (0..<min(count, microBatch)).blocks(of: partSize).map { part in
      whole.compactMap {
        let start = min($0.upperBound, $0.lowerBound + part.lowerBound)
        let range = start..<min($0.upperBound, $0.lowerBound + part.upperBound)
        return range.isEmpty ? nil : range
      }
    }
  }

  /// The inputs of some of a step's examples as the step's passes see them: images changed.
  ///
  /// - Parameter places: places in `batch.rows`.
  /// - Returns: places.count × the shape of an example.
  public func inputs(of batch: TrainingBatch, places: Range<Int>) -> Tensor {
    let columns = Array(batch.rows[places])
    let images = inputs.gathered(examples(columns))
    guard let augmentation = configuration.augmentation else { return images }
    // By the place in the training set: a subset trains as a data set of its own does.
    return augmentation.applied(to: images, examples: columns, epoch: batch.epoch, seed: seed)
  }

  /// The targets of some of a step's examples.
  ///
  /// - Parameter places: places in `batch.rows`.
  public func targets(of batch: TrainingBatch, places: Range<Int>) -> TargetValues {
    targets.gathered(examples(Array(batch.rows[places])))
  }

  /// The rows of the data that training examples are.
  private func examples(_ columns: [Int]) -> [Int] {
    rows.map { rows in columns.map { rows[$0] } } ?? columns
  }

  /// The gradient that a step takes.
  ///
  /// - Parameters:
  ///   - state: the state before the step.
  ///   - batch: the step.
  /// - Returns: ∇ mean_i w_i ℓ_i over the batch at the state's parameters, p values, the bits of the
  ///   training itself.
  /// - Throws: `ReplayError.otherStep` for a batch that is not the state's next, `.diverged`.
  public func gradient(
    _ state: TrainingState, _ batch: TrainingBatch
  ) throws -> Tensor {
    try requireNext(batch, state)
    return try backward(state, batch: batch, signals: nil, needsFactors: false).gradient
  }

  /// The factors of each example's share of a step's gradient, ∇ℓ_i/B (times its weight): those of the
  /// step's own passes.
  ///
  /// - Throws: as `gradient`.
  package func exampleGradients(
    _ state: TrainingState, _ batch: TrainingBatch
  ) throws -> ExampleGradients {
    try requireNext(batch, state)
    return try backward(state, batch: batch, signals: nil, needsFactors: true).factors
  }

  /// One step: θ ← optimizer(θ, ∇ mean_i w_i ℓ_i) over a batch, w 1 unless the data have weights.
  ///
  ///     var state = trainer.initialState()
  ///     while state.epoch < 3 { print(try trainer.step(&state).loss) }
  ///
  /// - Parameters:
  ///   - state: becomes the state after the step, its epoch too.
  ///   - batch: the state's next step, as `batches(epoch:)` has it; nil: found, in O(n).
  /// - Throws: `ReplayError.otherStep` for a batch that is not the state's next, `.diverged`; then
  ///   the state is as it was.
  @discardableResult
  public func step(
    _ state: inout TrainingState, _ batch: TrainingBatch? = nil
  ) throws -> StepRecord {
    let next = batch ?? self.batch(at: state.step)
    return try step(&state, next, signals: nil, hooks: TrainingHooks(), recorder: nil)
  }

  /// One step, with signals into the batch's columns.
  func step(
    _ state: inout TrainingState, _ batch: TrainingBatch, signals: SignalRows?,
    hooks: TrainingHooks, recorder: StepGradientRecorder?
  ) throws -> StepRecord {
    try requireNext(batch, state)
    let visits = recorder?.room(for: batch.rows.count)
    let step = try backward(
      state, batch: batch, signals: signals, needsFactors: hooks.afterStep != nil, visits: visits)
    if let recorder, let visits {
      try recorder.append(visits, examples: batch.rows, rate: batch.rate)
    }
    let before = hooks.afterStep == nil ? nil : state.parameters
    state.optimizer.update(
      &state.parameters, gradient: step.gradient, rate: batch.rate, step: batch.step,
      ranges: network.selection?.ranges)
    writeBuffers(step.buffers, &state)
    state.step += 1
    state.epoch = state.step / order.stepsPerEpoch
    let record = StepRecord(batch, losses: step.losses)
    if let afterStep = hooks.afterStep, let before {
      try afterStep(
        StepReport(
          record: record, before: before, gradient: step.gradient, factors: step.factors,
          after: state.parameters))
    }
    return record
  }

  /// Running statistics are not the optimizer's: they become what the passes made of them.
  private func writeBuffers(_ buffers: [Int: Tensor], _ state: inout TrainingState) {
    guard !buffers.isEmpty else { return }
    let target = state.parameters.writableStorage()
    for (offset, values) in buffers
    where !network.frozenBuffers.contains(where: { $0.offset == offset }) {
      (target.base + offset).update(from: values.storage.base, count: values.count)
    }
  }

  /// Refuses a batch that is not a state's next step, and a state of another training.
  func requireNext(
    _ batch: TrainingBatch, _ state: TrainingState
  ) throws(ReplayError) {
    func require<Value: Equatable>(
      _ field: String, _ expected: Value, _ found: Value
    ) throws(ReplayError) {
      guard expected == found else {
        throw .otherStep(field: field, expected: "\(expected)", found: "\(found)")
      }
    }
    try require("the number of parameters", network.parameterCount, state.parameters.count)
    try require("the optimizer", configuration.optimizer, state.optimizer.configuration)
    try require("the seed", seed, batch.seed)
    try require("the number of examples", order.count, batch.order.count)
    try require("the batch size", order.batch, batch.order.batch)
    try require("the step", state.step, batch.step)
  }
}
