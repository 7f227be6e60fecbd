// Letters: n training examples, m queries, T steps.
import Datasets
import Factors
import Networks
import Runs
import Tensors

/// `magic`: the exact derivative of the recorded training.
///
///     τ[x,i] = ∂f(x; θ_T(w))/∂w_i at w = 1
///
/// by reverse mode through every step (`RunDerivative`), in double precision where it is carried from
/// step to step. Its unit needs no bank: without z_i, in this very run (same seed, order and draws),
/// f changes by −τ to first order. How far the first order goes is a property of the training
/// (`TrainingSmoothness`), and is said with the scores.
///
/// - Complexity: `RunDerivative.byWeights`; nothing is kept but the states of the replay.
/// - Source: Ilyas & Engstrom 2025 (arXiv:2504.16430).
struct Magic: WholeExampleScorer {
  static let noParts = (
    token: "magic is of the weights of whole examples",
    component: "magic is of all parameters through all steps"
  )

  private let derivative: RunDerivative
  private let control: JobControl
  let notes: [String]

  init(_ context: ScoringContext) throws {
    let (checkpoint, function) = (try context.replayed(), context.options.outputFunction)
    guard context.training.weights == nil else {
      throw InfluenceError.notDefined(
        name: context.method.name, reason: "the run's examples have weights of their own",
        option: "‹method›")
    }
    derivative = try RunDerivative(checkpoint.replay, of: function)
    control = context.control
    notes = [try checkpoint.smoothness(function).text]
  }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    let stage = control.stage("going back through the training", unit: "steps of queries")
    let scores = try derivative.byWeights(of: queries) { done, total in
      try control.check(isResumable: true)
      stage.update(done, of: total)
    }
    guard mean else { return HeldProducts(scores.float) }
    let sums = Matrix<Float>(rows: 1, columns: scores.columns)
    for column in 0..<scores.columns {
      var sum = 0.0
      for row in 0..<scores.rows { sum += scores[row, column] }
      sums.storage.base[column] = Float(sum / Double(max(1, scores.rows)))
    }
    return HeldProducts(sums)
  }

  /// Of each training example as a query: n sweeps.
  func selfScores(of training: Dataset) throws -> [Float] {
    throw InfluenceError.notDefined(
      name: "self-influence by magic",
      reason: "each of the \(training.count) examples would go back through the whole training",
      option: "‹method›")
  }
}

extension Method {
  /// ∂f(θ_T)/∂w_i.
  public static let magic = Method(
    name: "magic", title: "exact derivative of the recorded training by the example's weight",
    source: "Ilyas & Engstrom 2025", gradients: .output, scope: .run, unit: .change,
    needs: [.training], cost: { $0.sweep() }, prepare: { try Magic($0) })
}
