// Letters: B batch, k features.
import Factors
import Gradients
import Networks
import Projections
import Tensors

/// Rows of visits in memory: those of a shard, and room for the step that goes beyond its end.
///
/// The parts of a batch write their own rows side by side.
struct StepRows: Sendable {
  private let projector: any Projector
  private let function: OutputFunction
  private let pool: StepPool?
  private let rowsPerShard: Int
  private let features, moreFeatures: Matrix<Float>
  private let outputs, moreOutputs: Matrix<Float>
  /// The row that places of a step are counted from.
  private var first = 0

  /// Rows for a store's visits.
  init(_ store: StepGradientWriter) {
    pool = store.pooledVisits > 1 ? StepPool() : nil
    let (k, columns) = (store.projector.dimension, StepGradientStore.outputColumns.count)
    (projector, function) = (store.projector, store.function)
    rowsPerShard = store.rowsPerShard
    features = Matrix(uninitialized: rowsPerShard, k)
    outputs = Matrix(uninitialized: rowsPerShard, columns)
    moreFeatures = Matrix(uninitialized: store.batch, k)
    moreOutputs = Matrix(uninitialized: store.batch, columns)
  }

  /// The same rows, counted from one.
  func from(_ row: Int) -> StepRows {
    var rows = self
    rows.first = row
    return rows
  }

  /// The same rows, counted from a place of the step.
  func from(place: Int) -> StepRows { from(first + place) }

  // MARK: A step

  /// −∂ℓ/∂f of examples at the given outputs.
  func residuals(_ outputs: Tensor, _ targets: TargetValues) -> [Float] {
    function.residuals(outputs, targets)
  }

  /// Writes Pᵀ∇ℓ of some of a step's examples.
  ///
  /// - Parameters:
  ///   - gradients: of their share of the mean loss, ∇ℓ/B.
  ///   - places: in the step.
  ///   - size: B.
  /// - Throws: `ProjectionError.nonFinite`.
  func write(_ gradients: ExampleGradients, places: Range<Int>, size: Int) throws {
    let row = first + places.lowerBound
    if let pool {
      pool.add(StepPool.Piece(row: row, gradients: gradients, scale: Float(size)))
    } else {
      place(try projector.project(gradients), at: row, times: Float(size))
    }
  }

  /// Projects what waits to be projected together.
  ///
  /// - Throws: `ProjectionError.nonFinite`.
  func projectPool() throws {
    guard let pieces = pool?.take(), !pieces.isEmpty else { return }
    let whole = Tensor(
      try projector.project(ExampleGradients(concatenating: pieces.map(\.gradients))))
    var start = 0
    for piece in pieces {
      let rows = start..<start + piece.gradients.count
      place(Matrix(whole.prefixSlice(rows)), at: piece.row, times: piece.scale)
      start = rows.upperBound
    }
  }

  /// Writes features times a number from a row on.
  private func place(_ projected: Matrix<Float>, at start: Int, times scale: Float) {
    let k = projected.columns
    Workers.run(over: projected.rows, grain: max(1, (1 << 16) / k)) { rows in
      for row in rows {
        let target = feature(start + row)
        target.update(from: projected.storage.base + row * k, count: k)
        VectorMath.scale(scale, target, count: k)
      }
    }
  }

  /// Writes the loss of one of a step's examples, and −∂ℓ/∂f.
  func write(loss: Float, residual: Float, at place: Int) {
    let target = output(first + place)
    (target[3], target[4]) = (loss, residual)
  }

  /// Writes the rate at a step and the place of its example in the training set.
  func write(rate: Double, example: Int, at place: Int) {
    let target = output(first + place)
    (target[0], target[1]) = (Float(rate), Float(example & 0xFF_FFFF))
    target[2] = Float(example >> 24)
  }

  private func feature(_ row: Int) -> UnsafeMutablePointer<Float> {
    row < rowsPerShard
      ? features.storage.base + row * features.columns
      : moreFeatures.storage.base + (row - rowsPerShard) * features.columns
  }

  private func output(_ row: Int) -> UnsafeMutablePointer<Float> {
    row < rowsPerShard
      ? outputs.storage.base + row * outputs.columns
      : moreOutputs.storage.base + (row - rowsPerShard) * outputs.columns
  }

  // MARK: Shards

  /// The first rows, a whole shard's; copied where the last shard is shorter.
  func shard(_ count: Int) -> (features: Matrix<Float>, outputs: Matrix<Float>) {
    count == rowsPerShard ? (features, outputs) : copied(0..<count)
  }

  /// Moves so many rows after those of the shard to its beginning.
  func shift(_ count: Int) {
    for row in 0..<count {
      feature(row).update(from: feature(rowsPerShard + row), count: features.columns)
      output(row).update(from: output(rowsPerShard + row), count: outputs.columns)
    }
  }

  /// A copy of some rows.
  func copied(_ rows: Range<Int>) -> (features: Matrix<Float>, outputs: Matrix<Float>) {
    let values = Matrix<Float>(uninitialized: rows.count, features.columns)
    let beside = Matrix<Float>(uninitialized: rows.count, outputs.columns)
    for (place, row) in rows.enumerated() {
      (values.storage.base + place * values.columns).update(
        from: feature(row), count: values.columns)
      (beside.storage.base + place * beside.columns).update(
        from: output(row), count: beside.columns)
    }
    return (values, beside)
  }

  /// Writes rows that were copied, but for the first `start` of them, from `row` on.
  func place(_ values: Matrix<Float>, _ beside: Matrix<Float>, from start: Int, at row: Int) {
    for place in start..<values.rows {
      feature(row + place - start).update(
        from: values.storage.base + place * values.columns, count: values.columns)
      output(row + place - start).update(
        from: beside.storage.base + place * beside.columns, count: beside.columns)
    }
  }
}

extension TrainingError {
  /// What a projection's error says of a training: factors are of the projector's layers, so that
  /// they can only be infinite, or NaN.
  init(_ error: any Error, seed: UInt64, epoch: Int) {
    guard case ProjectionError.nonFinite = error else {
      preconditionFailure("a step's gradients do not fit the projector: \(error)")
    }
    self = .notFinite(seed: seed, epoch: epoch, what: "the gradient of an example is")
  }
}
