// Letters: n training examples, B batch, p parameters.
import Factors
import Networks
import Tensors

/// What a step's forward and backward passes give.
struct StepGradient {
  /// ∇ mean_i ℓ_i, p values.
  var gradient: Tensor
  /// Each example's factors, when they were asked for.
  var factors: ExampleGradients
  /// What the passes made of running statistics, by offset.
  var buffers: [Int: Tensor]
}

extension Trainer {
  /// Forward and backward over one batch, `microBatch` examples at a time; the passes and their
  /// tensors are gone afterwards.
  ///
  /// - Parameter signals: gets the signals of the batch's examples, S × n; nil: nobody reads them.
  /// - Throws: `TrainingError.diverged`.
  func backward(
    _ state: TrainingState, batch: [Int], signals: Buffer<Float>?, needsFactors: Bool
  ) throws(TrainingError) -> StepGradient {
    let examples = rows.map { rows in batch.map { rows[$0] } } ?? batch
    var gradient: Tensor?
    var factors: [ExampleGradients] = []
    var buffers: [Int: Tensor] = [:]
    for range in (0..<batch.count).blocks(of: microBatch) {
      let start = range.lowerBound
      let pass = network.pass(
        state.parameters, batch: range.count,
        dropout: DropoutDraws(seed: seed, step: UInt64(state.step), firstExample: start))
      // One tensor for the sum: the layers add to it.
      pass.gradient = gradient ?? Tensor(repeating: 0, shape: [network.parameterCount])
      gradient = nil
      let needsNorms = signals != nil && loss != .nextToken
      if needsFactors {
        pass.recorder = FactorRecorder(selection: network.selection)
      } else if needsNorms {
        pass.recorder = .ofNorms(selection: network.selection)
      }
      try run(
        pass, state, examples: Array(examples[range]), columns: Array(batch[range]),
        of: batch.count, signals: signals)
      if needsFactors, let recorder = pass.recorder {
        factors.append(recorder.gradients(count: range.count))
      }
      if needsNorms, let signals, let recorder = pass.recorder {
        let norms = signals.base + (signals.count - count)
        for (row, square) in recorder.squaredNorms(count: range.count).enumerated() {
          norms[batch[start + row]] = square.squareRoot() * Float(batch.count)
        }
      }
      gradient = pass.gradient
      pass.gradient = nil
      buffers.merge(pass.bufferUpdates) { $1 }
    }
    return StepGradient(
      gradient: gradient ?? Tensor(repeating: 0, shape: [network.parameterCount]),
      factors: factors.isEmpty
        ? ExampleGradients(count: batch.count, blocks: [])
        : ExampleGradients(concatenating: factors),
      buffers: buffers)
  }

  /// One pass forward and back.
  ///
  /// - Parameters:
  ///   - examples: rows of the data.
  ///   - columns: the examples' columns in `signals`.
  ///   - size: B of the whole batch, whose mean is minimised.
  private func run(
    _ pass: Pass, _ state: TrainingState, examples: [Int], columns: [Int], of size: Int,
    signals: Buffer<Float>?
  ) throws(TrainingError) {
    var images = inputs.gathered(examples)
    if let augmentation = configuration.augmentation {
      // By the place in the training set: a subset trains as a data set of its own does.
      images = augmentation.applied(
        to: images, examples: columns, epoch: state.epoch + 1, seed: seed)
    }
    let outputs = network.root.forward(images, pass)
    let losses = Buffer<Float>(uninitialized: columns.count)
    let (n, isClassification, isSequence) = (count, loss == .crossEntropy, loss == .nextToken)
    let derivative = OutputSignals.forEach(
      outputs, targets.gathered(examples), loss: loss, scale: 1 / Double(size)
    ) { row, values in
      losses.base[row] = Float(values.loss)
      guard let column = signals.map({ $0.base + columns[row] }) else { return }
      column[0] = Float(values.loss)
      column[(isClassification ? 4 : isSequence ? 3 : 1) * n] = Float(values.el2n)
      guard isClassification || isSequence else { return }
      column[n] = Float(values.margin)
      column[2 * n] = Float(values.probability)
      if isClassification { column[3 * n] = values.isCorrect ? 1 : 0 }
    }
    try requireFinite(losses, state)
    _ = network.root.backward(derivative, pass)
  }

  private func requireFinite(
    _ losses: Buffer<Float>, _ state: TrainingState
  ) throws(TrainingError) {
    let sum = (0..<losses.count).reduce(0.0) { $0 + Double(losses.base[$1]) }
    guard sum.isFinite else {
      throw .diverged(
        seed: seed, epoch: state.epoch + 1, step: state.step, loss: sum / Double(losses.count))
    }
  }
}
