// Letters: n training examples, B batch, p parameters.
import Factors
import Networks
import Tensors

/// What a step's forward and backward passes give.
struct StepGradient {
  /// ∇ mean_i w_i ℓ_i, p values.
  var gradient: Tensor
  /// Each example's factors, when they were asked for.
  var factors: ExampleGradients
  /// What the passes made of running statistics, by offset.
  var buffers: [Int: Tensor]
  /// ℓ_i, B values.
  var losses: [Float]
}

/// What the passes of one part of a step's examples give.
private struct PartGradient {
  /// Its examples' share of ∇ mean_i ℓ_i, p values.
  var gradient: Tensor?
  /// The factors of each pass by its first example, when they were asked for.
  var factors: [(start: Int, ExampleGradients)] = []
  /// The losses of each pass by its first example.
  var losses: [(start: Int, Buffer<Float>)] = []
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
    _ state: TrainingState, batch: TrainingBatch, signals: SignalRows?, needsFactors: Bool,
    visits: StepRows? = nil
  ) throws(TrainingError) -> StepGradient {
    let parts = batch.parts
    let done = try Workers.map(slices: parts.count) { part throws(TrainingError) in
      try backward(
        state, batch: batch, ranges: parts[part], signals: signals, needsFactors: needsFactors,
        visits: visits)
    }
    let factors = done.flatMap(\.factors).sorted { $0.start < $1.start }.map { $0.1 }
    let losses = done.flatMap(\.losses).sorted { $0.start < $1.start }.map { $0.1 }
    return StepGradient(
      gradient: sum(done.compactMap(\.gradient)),
      factors: factors.isEmpty
        ? ExampleGradients(count: batch.rows.count, blocks: [])
        : ExampleGradients(concatenating: factors),
      buffers: done.reduce(into: [:]) { $0.merge($1.buffers) { $1 } },
      losses: losses.flatMap { UnsafeBufferPointer(start: $0.base, count: $0.count) })
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
    _ state: TrainingState, batch: TrainingBatch, ranges: [Range<Int>], signals: SignalRows?,
    needsFactors: Bool, visits: StepRows?
  ) throws(TrainingError) -> PartGradient {
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
        dropout: batch.dropout(from: range.lowerBound), addingTo: gradient.take())
      let losses = try run(
        pass, state, batch, places: range, signals: signals,
        visits: visits?.from(place: range.lowerBound))
      part.losses.append((range.lowerBound, losses))
      if let norms {
        let size = Float(batch.rows.count)
        for (row, square) in pass.squaredNorms.enumerated() {
          let example = batch.rows[range.lowerBound + row]
          // The pass has w ∇ℓ; of a weight of 0 nothing is known of ∇ℓ.
          let weight = weights?[example] ?? 1
          norms[example] = weight == 0 ? 0 : square.squareRoot() * size / weight
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
  ///   - places: the examples' places in the batch.
  ///   - visits: rows of the pass's examples.
  /// - Returns: the examples' losses.
  private func run(
    _ pass: Pass, _ state: TrainingState, _ batch: TrainingBatch, places: Range<Int>,
    signals: SignalRows?, visits: StepRows?
  ) throws(TrainingError) -> Buffer<Float> {
    let (columns, size) = (Array(batch.rows[places]), batch.rows.count)
    let outputs = network.root.forward(inputs(of: batch, places: places), pass)
    let losses = Buffer<Float>(uninitialized: columns.count)
    let (isClassification, isSequence) = (loss == .crossEntropy, loss == .nextToken)
    let targets = targets(of: batch, places: places)
    let errors = isClassification || isSequence ? nil : visits?.residuals(outputs, targets)
    var derivative = loss.forEach(outputs, targets, scale: 1 / Double(size)) { row, values in
      losses.base[row] = Float(values.loss)
      signals?.write(values, example: columns[row])
      visits?.write(
        loss: Float(values.loss), residual: errors?[row] ?? Float(values.residual), at: row)
    }
    try requireFinite(losses, state)
    if let weights { derivative.multiplyExamples(by: columns.map { weights[$0] }) }
    _ = network.root.backward(derivative, pass)
    return losses
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

extension Tensor {
  /// Multiplies what belongs to each example, of the first dimension, by a factor.
  mutating func multiplyExamples(by factors: [Float]) {
    let width = count / max(1, factors.count)
    let target = writableStorage()
    for (example, factor) in factors.enumerated() where factor != 1 {
      for i in example * width..<(example + 1) * width { target.base[i] *= factor }
    }
  }
}
