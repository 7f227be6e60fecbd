// Letters: n training examples, m queries, H features, C outputs.
import Datasets
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// `representer`: the last layer refitted with a penalty, whose outputs are sums over the examples.
///
///     min_Θ mean_i ℓ(Θ h_i, y_i) + λ‖Θ‖²   ⇒   Θ h_x = Σ_i α_i ⟨h_i, h_x⟩,   α_i = −∂ℓ_i/∂z / (2λn)
///     τ[x,i] = ⟨α_i, ∂f/∂z(x)⟩ ⟨h_i, h_x⟩
///
/// h is what the last layer reads, with a 1 for the bias; ∂f/∂z is that of the network's own outputs.
/// λ is in units of the features' mean eigenvalue, mean ‖h‖²/H, a tenth of it unless asked for. The
/// refit is convex; it goes by accelerated descent until its gradient is 10⁻⁴ of the penalty's, and a
/// note says how far it came: the sum over the examples is exact at the minimum alone.
///
/// - Complexity: 4nHC flops a step, some hundred steps; 2mn(H + C) for scores.
/// - Source: Yeh et al. 2018 (arXiv:1811.09720), theorem 3.1.
struct Representer: CheckpointScorer {
  private let layer: LastLayer
  private let features: Matrix<Float>
  /// α, n × C.
  private let values: Matrix<Float>
  private let function: OutputFunction
  private let outcome: LastLayerFit.Outcome
  let damping: DampingReport?

  init(_ context: ScoringContext) throws {
    try context.requireLabels("representer")
    layer = try LastLayer(context)
    function = context.options.outputFunction
    features = try layer.features(of: context.training).features.withOnes
    let squares = features.squaredRowNorms().reduce(0.0) { $0 + Double($1) }
    let mean = squares / Double(max(1, features.count))
    let report = context.damping(meanEigenvalue: mean)
    guard report.damping > 0 else {
      throw InfluenceError.notDefined(
        name: "damping 0", reason: "representer divides by it", option: "‹damping›")
    }
    damping = report
    let targets = context.training.targets
    outcome = LastLayerFit.fit(
      features, targets: TargetValues(targets), outputs: context.checkpoint.source.outputCount,
      loss: GradientSource.loss(of: targets), penalty: report.damping)
    values = outcome.values
  }

  var notes: [String] {
    var notes = [
      "the last layer (\(layer.name)) is refitted: \(outcome.steps) steps, gradient "
        + "\(short(outcome.residual)) of the penalty's"
    ]
    if outcome.residual > 10 * LastLayerFit.tolerance {
      notes.append("NOT CONVERGED: the refit stopped early; raise ‹damping›")
    }
    return notes
  }
  var byteCount: Int { 4 * (features.count + values.count) }
  var deletedRows: [Int] { [] }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    var result = Matrix<Float>(rows: mean ? 1 : queries.count, columns: features.rows)
    for range in (0..<queries.count).blocks(of: queryBlock) {
      let block = queries.subset(Array(range))
      let (own, outputs) = try layer.features(of: block)
      let slopes = Matrix<Float>(function.gradient(outputs, TargetValues(block.targets)))
      result.take(
        products(own.withOnes, slopes), at: range.lowerBound,
        meanOver: mean ? queries.count : nil)
    }
    return HeldProducts(result)
  }

  private func products(_ own: Matrix<Float>, _ slopes: Matrix<Float>) -> Matrix<Float> {
    var result = product(MatrixView(own), MatrixView(features).transposed)
    result.multiply(by: product(MatrixView(slopes), MatrixView(values).transposed))
    return result
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    let outputs = try layer.features(of: training).outputs
    let slopes = function.gradient(outputs, TargetValues(training.targets))
    let (width, squares) = (values.columns, features.squaredRowNorms())
    return squares.indices.map { i in
      let along = VectorMath.dot(
        values.storage.base + i * width, slopes.storage.base + i * width, count: width)
      return along * squares[i]
    }
  }
}

/// A last layer with a quadratic penalty at its minimum.
enum LastLayerFit {
  /// Where a fit came.
  struct Outcome: Sendable {
    /// α, n × C.
    let values: Matrix<Float>
    /// Steps.
    let steps: Int
    /// ‖gradient‖ / ‖2λΘ‖.
    let residual: Double
  }

  /// The residual at which a fit ends.
  static let tolerance = 1e-4
  private static let mostSteps = 5_000

  /// Accelerated descent with the step 1/L, L = λ_max(mean hhᵀ)·bend + 2λ, from 0.
  static func fit(
    _ features: Matrix<Float>, targets: TargetValues, outputs: Int, loss: Loss, penalty: Double
  ) -> Outcome {
    let (n, h) = (features.rows, features.columns)
    // Softmax bends by at most ½.
    let bend = loss == .crossEntropy ? 0.5 : 1
    let largest = bend * features.largestSquare / Double(n) + 2 * penalty
    let root = (2 * penalty / largest).squareRoot()
    let momentum = Float((1 - root) / (1 + root))
    var weights = Matrix<Float>(repeating: 0, rows: outputs, columns: h)
    var ahead = weights
    var slopes = Tensor(repeating: 0, shape: [n, outputs])
    var (steps, residual) = (0, Double.infinity)
    while steps < mostSteps, residual > tolerance {
      steps += 1
      let z = product(MatrixView(features), MatrixView(ahead).transposed)
      slopes = loss.gradient(Tensor(z), targets)
      var gradient = ahead
      gradient.scale(by: Float(2 * penalty))
      let penalised = VectorMath.doubleSquaredNorm(gradient.storage.base, count: gradient.count)
      gemm(
        MatrixView(slopes).transposed, MatrixView(features),
        into: MatrixView(writing: &gradient), alpha: 1 / Float(n), beta: 1)
      let size = VectorMath.doubleSquaredNorm(gradient.storage.base, count: gradient.count)
      residual = penalised > 0 ? (size / penalised).squareRoot() : (size > 0 ? .infinity : 0)
      if residual <= tolerance { break }
      var next = ahead
      next.add(gradient, times: Float(-1 / largest))
      ahead = next
      ahead.scale(by: 1 + momentum)
      ahead.add(weights, times: -momentum)
      weights = next
    }
    let values = Matrix<Float>(slopes.scaled(by: Float(-1 / (2 * penalty * Double(n)))))
    return Outcome(values: values, steps: steps, residual: residual)
  }
}

extension Matrix where Scalar == Float {
  /// The rows with a 1 at their end.
  fileprivate var withOnes: Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows, columns + 1)
    for row in 0..<rows {
      let target = result.storage.base + row * (columns + 1)
      target.update(from: storage.base + row * columns, count: columns)
      target[columns] = 1
    }
    return result
  }

  /// The largest eigenvalue of XᵀX, by the power method, with a margin of a tenth.
  fileprivate var largestSquare: Double {
    var v = Matrix<Float>(repeating: 1, rows: 1, columns: columns)
    var value = 0.0
    for _ in 0..<50 {
      let size = VectorMath.doubleSquaredNorm(v.storage.base, count: columns).squareRoot()
      guard size > 0 else { return 0 }
      v.scale(by: Float(1 / size))
      let along = product(MatrixView(v), MatrixView(self).transposed)
      v = product(MatrixView(along), MatrixView(self))
      value = VectorMath.doubleSquaredNorm(v.storage.base, count: columns).squareRoot()
    }
    return 1.1 * value
  }
}

extension Method {
  /// Representer points of the refitted last layer.
  public static let representer = Method(
    name: "representer", title: "the example's share of the refitted last layer's outputs",
    source: "Yeh et al. 2018", gradients: .output, unit: .share,
    needs: [.labels, .damping, .layers],
    cost: { shape in
      let (n, m) = (Double(shape.examples), Double(shape.queries))
      let (width, outputs) = (
        Double(shape.footprint.blocks.last?.right ?? 1), Double(shape.network.outputCount)
      )
      return MethodCost(
        flops: (n + m) * shape.footprint.passFlops(functions: 1) + 500 * 4 * n * width * outputs
          + 2 * m * n * (width + outputs),
        peakBytes: planned(bytes: 4 * n * (width + 4 * outputs) + 8 * m * n),
        keptBytes: planned(bytes: 4 * n * (width + outputs)))
    },
    prepare: { try Representer($0) })
}
