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

/// What the passes of one part of a step's examples give.
private struct PartGradient {
  /// Its examples' share of ∇ mean_i ℓ_i, p values.
  var gradient: Tensor?
  /// The factors of each pass by its first example, when they were asked for.
  var factors: [(start: Int, ExampleGradients)] = []
  /// What the passes made of running statistics, by offset.
  var buffers: [Int: Tensor] = [:]
}

extension Trainer {
  /// Forward and backward over one batch, `microBatch` examples at a time, in parts side by side;
  /// the passes and their tensors are gone afterwards.
  ///
  /// - Parameters:
  ///   - signals: get those of the batch's examples; nil: nobody reads them.
  ///   - visits: gets the examples' gradients, projected; nil: nobody reads them.
  /// - Throws: `TrainingError.diverged`, `.notFinite`.
  func backward(
    _ state: TrainingState, batch: [Int], signals: SignalRows?, needsFactors: Bool,
    visits: StepRows? = nil
  ) throws(TrainingError) -> StepGradient {
    let parts = parts(of: batch.count)
    let done = try Workers.map(slices: parts.count) { part throws(TrainingError) in
      try backward(
        state, batch: batch, ranges: parts[part], signals: signals, needsFactors: needsFactors,
        visits: visits)
    }
    let factors = done.flatMap(\.factors).sorted { $0.start < $1.start }.map { $0.1 }
    return StepGradient(
      gradient: sum(done.compactMap(\.gradient)),
      factors: factors.isEmpty
        ? ExampleGradients(count: batch.count, blocks: [])
        : ExampleGradients(concatenating: factors),
      buffers: done.reduce(into: [:]) { $0.merge($1.buffers) { $1 } })
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

  /// The sum of vectors of one length, in their order; zeros of none.
  private func sum(_ vectors: [Tensor]) -> Tensor {
    if vectors.count == 1 { return vectors[0] }
    let sum = Tensor(repeating: 0, shape: [network.parameterCount])
    let (target, sources) = (sum.storage, vectors.map(\.storage))
    Workers.run(over: sum.count, grain: 1 << 13) { range in
      for source in sources {
        VectorMath.axpy(
          1, source.base + range.lowerBound, onto: target.base + range.lowerBound,
          count: range.count)
      }
    }
    return sum
  }

  /// The passes of one part.
  private func backward(
    _ state: TrainingState, batch: [Int], ranges: [Range<Int>], signals: SignalRows?,
    needsFactors: Bool, visits: StepRows?
  ) throws(TrainingError) -> PartGradient {
    let examples = rows.map { rows in batch.map { rows[$0] } } ?? batch
    var gradient: Tensor?
    var part = PartGradient()
    for range in ranges {
      let norms = signals?.row(of: .gradientNorm)
      var purpose = Pass.Purpose.gradient
      if needsFactors || visits != nil {
        purpose.insert(.factors)
      } else if norms != nil {
        purpose.insert(.norms)
      }
      // One tensor for the sum: the layers add to it.
      let pass = network.pass(
        state.parameters, batch: range.count, for: purpose,
        dropout: DropoutDraws(
          seed: seed, step: UInt64(state.step), firstExample: range.lowerBound),
        addingTo: gradient.take())
      try run(
        pass, state, examples: Array(examples[range]), columns: Array(batch[range]),
        of: batch.count, signals: signals, visits: visits?.from(place: range.lowerBound))
      if let norms {
        for (row, square) in pass.squaredNorms.enumerated() {
          norms[batch[range.lowerBound + row]] = square.squareRoot() * Float(batch.count)
        }
      }
      if purpose.contains(.factors) {
        let factors = pass.takeFactors()
        if let visits { try project(factors, state, range, into: visits) }
        if needsFactors { part.factors.append((range.lowerBound, factors)) }
      }
      gradient = pass.gradient.take()
      part.buffers.merge(pass.bufferUpdates) { $1 }
    }
    part.gradient = gradient
    return part
  }

  /// One pass forward and back.
  ///
  /// - Parameters:
  ///   - examples: rows of the data.
  ///   - columns: the examples' columns in `signals`.
  ///   - size: B of the whole batch, whose mean is minimised.
  ///   - visits: rows of the pass's examples.
  private func run(
    _ pass: Pass, _ state: TrainingState, examples: [Int], columns: [Int], of size: Int,
    signals: SignalRows?, visits: StepRows?
  ) throws(TrainingError) {
    var images = inputs.gathered(examples)
    if let augmentation = configuration.augmentation {
      // By the place in the training set: a subset trains as a data set of its own does.
      images = augmentation.applied(
        to: images, examples: columns, epoch: state.epoch + 1, seed: seed)
    }
    let outputs = network.root.forward(images, pass)
    let losses = Buffer<Float>(uninitialized: columns.count)
    let (isClassification, isSequence) = (loss == .crossEntropy, loss == .nextToken)
    let targets = targets.gathered(examples)
    let errors = isClassification || isSequence ? nil : visits?.residuals(outputs, targets)
    let derivative = loss.forEach(outputs, targets, scale: 1 / Double(size)) { row, values in
      losses.base[row] = Float(values.loss)
      signals?.write(values, example: columns[row])
      visits?.write(
        loss: Float(values.loss), residual: errors?[row] ?? Float(values.residual), at: row)
    }
    try requireFinite(losses, state)
    _ = network.root.backward(derivative, pass)
  }

  /// Pᵀ∇ℓ of a pass's examples into their rows.
  private func project(
    _ gradients: ExampleGradients, _ state: TrainingState, _ range: Range<Int>,
    into visits: StepRows
  ) throws(TrainingError) {
    do {
      try visits.write(gradients, places: range)
    } catch {
      throw TrainingError(error, seed: seed, epoch: state.epoch + 1)
    }
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
