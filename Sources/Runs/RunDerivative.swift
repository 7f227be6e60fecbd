// Letters: n training examples, Q queries, p parameters, T steps, B batch; λx = ∂F/∂x of a query's F.
//
// Goals, in this order: the derivative of the recorded run itself, step by step as it was made;
// double precision for what is carried through thousands of steps; each state and each batch's values
// made once for all queries; the same bits for any thread count and any block of queries.
import Datasets
import LinearAlgebra
import Networks
import Tensors
import Training

/// The exact derivative of a training's final outputs by the weight of each example, in reverse
/// through every step.
///
///     θ_{t+1} = step_t(θ_t, g_t),   g_t = Σ_{i ∈ batch t} w_i ∇ℓ_i(θ_t) / B,   F_q(w) = f(x_q; θ_T(w))
///
///     λg, λ ← step_tᵀ λ             the optimizer (`Optimizer.pullBack`)
///     ∂F/∂w_i += ⟨λg, ∇ℓ_i⟩ / B      for the batch's examples
///     λθ += H_t λg                  the network, H_t the Hessian of the batch's loss
///
/// at w = 1. Dropout, changes of images, micro-batches, rates and batch statistics are those of the
/// run; running statistics have adjoints of their own. The unit is real: −∂F/∂w_i is what F changes
/// by when z_i is taken out of this very run, to first order.
///
/// - Source: Ilyas & Engstrom 2025 (MAGIC, arXiv:2504.16430), with states replayed as `Replay` does.
public struct RunDerivative: Sendable {
  private let replay: Replay
  private let function: OutputFunction
  private let state: TrainingState

  /// The derivative of a replayed training.
  ///
  /// - Throws: `ReplayError`, errors of files.
  public init(_ replay: Replay, of function: OutputFunction) throws {
    (self.replay, self.function) = (replay, function)
    try replay.keepStates()
    state = try replay.state(at: replay.steps)
  }

  /// Bytes of a query's adjoint: λ of parameters and buffers and λg in fp64, two directions in fp32.
  private var queryBytes: Int {
    let buffers = state.optimizer.buffers.count
    return state.parameters.count * (8 * (2 + buffers) + 8)
  }

  /// Bytes of adjoints that are taken through a stretch of steps together: what a cache holds.
  private static let blockBytes = 48 << 20

  /// ∂F_q/∂w_i, Q × n: positive = the example helped.
  ///
  /// - Parameters:
  ///   - queries: Q examples.
  ///   - memoryBytes: for the adjoints of queries that go back together; more queries go back in turn.
  ///     No value depends on it.
  ///   - interval: how often what was reached is kept in a file beside the run's stores, from which
  ///     the same call goes on after a kill, with the same bits.
  ///   - progress: called with (steps × queries gone through, in all); throwing stops cleanly.
  /// - Throws: `DerivativeError` for layers without tangents; as `Replay.backwards`.
  /// - Complexity: for each query and step three gradients' products; for each step two more. Memory:
  ///   8p(2 + buffers) bytes a query.
  public func byWeights(
    of queries: Dataset, memoryBytes: Int = Memory.available / 4,
    keptEvery interval: Duration = .seconds(30),
    progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws -> Matrix<Double> {
    let together = max(1, memoryBytes / max(1, queryBytes))
    let result = Matrix<Double>(rows: queries.count, columns: replay.trainer.count)
    var done = 0
    for range in (0..<queries.count).blocks(of: together) {
      let part = queries.subset(Array(range))
      let objectives = try objectives(part)
      var kept = KeptSweep(
        replay, queries: part, function: function.rawValue, every: interval)
      var end = replay.steps
      if let found = kept.read(), found.end <= end,
        zip(objectives, found.rows).allSatisfy({ $0.width == $1.count }),
        found.rows.count == objectives.count
      {
        for (objective, row) in zip(objectives, found.rows) { objective.take(row) }
        done += (end - found.end) * range.count
        end = found.end
      }
      try replay.backwardsInPieces(0..<end) { piece in
        for block in objectives.indices.blocks(of: queriesAtATime) {
          try pullBack(objectives[block], through: piece)
          done += piece.count * block.count
          try progress(done, replay.steps * queries.count)
        }
        try kept.save(end: piece[0].0.step) { objectives.map(\.row) }
      }
      try kept.remove()
      for (row, objective) in zip(range, objectives) {
        objective.byWeights.withUnsafeBufferPointer { values in
          guard let values = values.baseAddress else { return }
          (result.storage.base + row * result.columns).update(from: values, count: result.columns)
        }
      }
    }
    return result
  }

  private var queriesAtATime: Int {
    max(Workers.count, RunDerivative.blockBytes / max(1, queryBytes))
  }

  /// λ after the last step: ∇f of each query at the final parameters and running statistics.
  private func objectives(_ queries: Dataset) throws -> [Objective] {
    let network = replay.trainer.network
    return try Workers.map(slices: queries.count) { slice in
      let query = queries.subset([slice])
      let targets = TargetValues(query.targets)
      let gradient = try network.gradient(query.inputs, parameters: state.parameters) {
        function.gradient($0, targets)
      }
      return Objective(
        gradient, optimizer: state.optimizer.configuration, count: replay.trainer.count)
    }
  }

  /// Takes queries back through some steps, the last one first.
  private func pullBack(
    _ objectives: ArraySlice<Objective>, through piece: [(TrainingState, TrainingBatch)]
  ) throws {
    let trainer = replay.trainer
    for (state, batch) in piece.reversed() {
      let gradient =
        state.optimizer.adjointNeedsGradient ? try trainer.gradient(state, batch) : nil
      let passes = try trainer.curvaturePasses(state, batch)
      let first = objectives.startIndex
      try Workers.map(slices: objectives.count) { slice in
        try objectives[first + slice].pullBack(
          through: passes, batch, from: state, gradient: gradient, trainer)
      }
    }
  }
}

/// A query on its way back: used by one worker at a time.
private final class Objective: @unchecked Sendable {
  private var adjoint: StateAdjoint
  /// Those of running statistics, by offset.
  private var statistics: [Int: Tensor]
  /// ∂F/∂w_i so far, n values.
  private(set) var byWeights: [Double]

  init(_ gradient: NetworkGradient, optimizer: OptimizerConfiguration, count: Int) {
    let p = gradient.parameters.count
    adjoint = StateAdjoint(
      ofLast: Matrix(gradient.parameters.elements.map { Double($0) }, rows: 1, columns: p),
      optimizer: optimizer)
    statistics = gradient.statistics
    byWeights = [Double](repeating: 0, count: count)
  }

  /// All that is carried back, in a fixed order: λ, those of buffers and statistics, ∂F/∂w.
  var row: [Double] {
    var row = adjoint.parameters.elements
    for buffer in adjoint.buffers { row += buffer.elements }
    for offset in statistics.keys.sorted() {
      row += (statistics[offset]?.elements ?? []).map { Double($0) }
    }
    return row + byWeights
  }

  /// How long `row` is.
  var width: Int {
    adjoint.parameters.count * (1 + adjoint.buffers.count)
      + statistics.values.reduce(0) { $0 + $1.count } + byWeights.count
  }

  /// Takes up what `row` gave.
  func take(_ row: [Double]) {
    var rest = row[...]
    func next(_ count: Int) -> [Double] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    let p = adjoint.parameters.count
    adjoint = StateAdjoint(
      parameters: Matrix(next(p), rows: 1, columns: p),
      buffers: adjoint.buffers.map { _ in Matrix(next(p), rows: 1, columns: p) })
    for offset in statistics.keys.sorted() {
      guard let shape = statistics[offset]?.shape else { continue }
      statistics[offset] = Tensor(next(shape.reduce(1, *)).map { Float($0) }, shape: shape)
    }
    byWeights = Array(rest)
  }

  func pullBack(
    through passes: [(places: Range<Int>, pass: CurvaturePass)], _ batch: TrainingBatch,
    from state: TrainingState, gradient: Tensor?, _ trainer: Trainer
  ) throws {
    let toGradient = try trainer.pullBack(
      &adjoint, through: batch, from: state, gradient: gradient)
    let direction = Tensor(rounding: toGradient)
    let share = 1 / Double(batch.rows.count)
    let parameters = adjoint.parameters.writableStorage()
    for (index, (places, pass)) in passes.enumerated() {
      // The running statistics are what the last pass made of them.
      let isLast = index == passes.count - 1
      let product = try pass.product(along: direction, statistics: isLast ? statistics : [:])
      for (place, slope) in zip(places, product.exampleDerivatives) {
        byWeights[batch.rows[place]] += slope * share
      }
      parameters.add(product.product)
      if isLast { statistics = product.statistics }
    }
  }
}

extension Trainer {
  /// The passes of a step, values gone forward, for products with the Hessian of the batch's loss:
  /// each with the places in the batch of its examples, in the order in which the step makes them.
  ///
  /// - Throws: `DerivativeError` for layers without tangents.
  fileprivate func curvaturePasses(
    _ state: TrainingState, _ batch: TrainingBatch
  ) throws -> [(places: Range<Int>, pass: CurvaturePass)] {
    let ranges = batch.parts.flatMap { $0 }
    let passes = try Workers.map(slices: ranges.count) { index in
      let places = ranges[index]
      return try network.curvaturePass(
        inputs(of: batch, places: places), targets(of: batch, places: places),
        parameters: state.parameters, loss: loss, dropout: batch.dropout(from: places.lowerBound),
        scale: 1 / Double(batch.rows.count))
    }
    return Array(zip(ranges, passes)).map { (places: $0, pass: $1) }
  }
}

extension Tensor {
  /// The first row of a matrix, rounded to fp32.
  fileprivate init(rounding matrix: Matrix<Double>) {
    self.init(uninitialized: [matrix.columns])
    let (source, target) = (matrix.storage, storage)
    Workers.run(over: count, grain: Tensor.elementGrain) { range in
      for i in range { target.base[i] = Float(source.base[i]) }
    }
  }
}

extension Buffer where Scalar == Double {
  /// self += x.
  fileprivate func add(_ x: Tensor) {
    let source = x.storage
    Workers.run(over: x.count, grain: Tensor.elementGrain) { range in
      for i in range { base[i] += Double(source.base[i]) }
    }
  }
}
