// Letters: B batch, k features.
import Factors
import Gradients
import Networks
import Projections
import Synchronization
import Tensors

/// The visits of one step on their way into the store.
///
/// The parts of a batch write their own rows side by side. Gradients are projected at once, or wait as
/// factors until several steps are projected together.
struct StepRows: Sendable {
  /// Pᵀ∇ℓ, B × k; undefined where gradients wait.
  let features: Matrix<Float>
  /// `StepGradientStore.outputColumns`, B × 5.
  let outputs: Matrix<Float>
  private let projector: any Projector
  private let function: OutputFunction
  private let factors: WaitingFactors?
  /// The place of the step that rows are counted from.
  private var first = 0

  /// Room for a step.
  init(_ store: StepGradientWriter, count: Int) {
    (projector, function) = (store.projector, store.function)
    let waits = store.pooledVisits > 1
    factors = waits ? WaitingFactors() : nil
    features = Matrix(uninitialized: waits ? 0 : count, projector.dimension)
    outputs = Matrix(uninitialized: count, StepGradientStore.outputColumns.count)
  }

  /// B.
  var count: Int { outputs.rows }

  /// The same rows, counted from a place of the step.
  func from(place: Int) -> StepRows {
    var rows = self
    rows.first = place
    return rows
  }

  /// −∂ℓ/∂f of examples at the given outputs.
  func residuals(_ outputs: Tensor, _ targets: TargetValues) -> [Float] {
    function.residuals(outputs, targets)
  }

  /// Writes Pᵀ∇ℓ of some of the step's examples, or keeps their factors.
  ///
  /// - Parameter gradients: of their share of the mean loss, ∇ℓ/B.
  /// - Throws: `ProjectionError.nonFinite`.
  func write(_ gradients: ExampleGradients, places: Range<Int>) throws {
    if let factors {
      factors.add(gradients, at: places.lowerBound)
      return
    }
    let projected = try projector.project(gradients)
    (features.storage.base + places.lowerBound * features.columns).update(
      from: projected.storage.base, count: projected.count)
    StepRows.scale(features, places, by: Float(count))
  }

  /// Writes the loss of one of the step's examples, and −∂ℓ/∂f.
  func write(loss: Float, residual: Float, at place: Int) {
    let target = outputs.storage.base + (first + place) * outputs.columns
    (target[3], target[4]) = (loss, residual)
  }

  /// Writes the step's rate and the places of its examples in the training set.
  func write(rate: Double, examples: [Int]) {
    for (place, example) in examples.enumerated() {
      let target = outputs.storage.base + place * outputs.columns
      (target[0], target[1]) = (Float(rate), Float(example & 0xFF_FFFF))
      target[2] = Float(example >> 24)
    }
  }

  /// The features of several steps, one after the other: of steps that wait projected together.
  ///
  /// - Throws: `ProjectionError.nonFinite`.
  static func features(of steps: [StepRows]) throws -> Matrix<Float> {
    guard steps.count != 1 || steps[0].factors != nil else { return steps[0].features }
    let pieces = steps.flatMap { $0.factors?.inOrder ?? [] }
    let result = try steps[0].projector.project(ExampleGradients(concatenating: pieces))
    var start = 0
    for step in steps {
      scale(result, start..<start + step.count, by: Float(step.count))
      start += step.count
    }
    return result
  }

  private static func scale(_ matrix: Matrix<Float>, _ rows: Range<Int>, by factor: Float) {
    let (base, k) = (matrix.storage, matrix.columns)
    Workers.run(over: rows.count * k, grain: 1 << 17) { range in
      VectorMath.scale(
        factor, base.base + rows.lowerBound * k + range.lowerBound, count: range.count)
    }
  }
}

/// The factors of a step's passes until they are projected.
private final class WaitingFactors: Sendable {
  private let pieces = Mutex<[(place: Int, gradients: ExampleGradients)]>([])

  /// Adds a pass; parts of a batch do so side by side.
  func add(_ gradients: ExampleGradients, at place: Int) {
    pieces.withLock { $0.append((place, gradients)) }
  }

  var inOrder: [ExampleGradients] {
    pieces.withLock { $0.sorted { $0.place < $1.place }.map(\.gradients) }
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
