// Letters: n training examples, m queries, B batch, η rate.
import Datasets
import Factors
import Networks
import Runs
import Tensors

/// `inrun`: what each example's share of each step did to the query, at the weights of that step.
///
///     τ[x,i] = −Σ_t η_t/B ⟨∇f(x; θ_t), ∇ℓ_i(θ_t)⟩      over the steps that visited z_i
///
/// The change of f is the sum over steps of ⟨∇f, θ_{t+1} − θ_t⟩ to first order, and of plain descent
/// this is each example's part of it (Shapley's value of a step is that part: the game is additive).
/// Momentum and Adam spread or scale a step; then it is the part of a plain step of the same rate.
/// Gradients of the examples are those of the training's own passes, dropout and all.
///
/// - Complexity: for each step a pass for the batch and one for the queries, and their products through
///   the factors.
/// - Source: Wang et al. 2024 (arXiv:2406.11011), In-Run Data Shapley, first order.
struct InRun: WholeExampleScorer {
  static let noParts = (
    token: "inrun is of whole examples",
    component: "inrun is of all parameters through all steps"
  )

  private let replay: Replay
  private let function: OutputFunction
  private let control: JobControl
  let notes: [String]

  init(_ context: ScoringContext) throws {
    replay = try context.replayed().replay
    guard !replay.trainer.network.couplesExamples else {
      throw InfluenceError.notDefined(
        name: context.method.name,
        reason: "batch norm mixes a batch's examples, whose gradients are not apart",
        option: "‹method›")
    }
    function = context.options.outputFunction
    control = context.control
    let isPlain =
      switch replay.trainer.configuration.optimizer {
      case .sgd(let momentum, _, _): momentum == 0
      default: false
      }
    notes =
      isPlain
      ? []
      : [
        "inrun counts each step as a plain one of its rate: the optimizer's momentum or scaling is left out"
      ]
  }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    let trainer = replay.trainer
    let targets = TargetValues(queries.targets)
    let scores = Matrix<Double>(rows: mean ? 1 : queries.count, columns: trainer.count)
    let share = mean ? 1 / Double(max(1, queries.count)) : 1
    let stage = control.stage("going through the training", unit: "steps")
    try replay.forwards { state, batch in
      try control.check()
      let examples = try trainer.exampleGradients(state, batch)
      for range in (0..<queries.count).blocks(of: queryBlock) {
        let part = queries.subset(Array(range))
        let asked = try trainer.network.exampleGradients(
          part.inputs, parameters: state.parameters
        ) { function.gradient($0, targets.gathered(Array(range))) }.gradients
        let products = asked.exactKernel(with: examples)
        for (place, query) in range.enumerated() {
          let row = scores.storage.base + (mean ? 0 : query * scores.columns)
          for (column, example) in batch.rows.enumerated() {
            row[example] -= batch.rate * share * Double(products[place, column])
          }
        }
      }
      stage.update(batch.step + 1, of: replay.steps)
    }
    return HeldProducts(scores.float)
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    throw InfluenceError.notDefined(
      name: "self-influence by inrun",
      reason: "each of the \(training.count) examples would be followed through the whole training",
      option: "‹method›")
  }
}

extension Method {
  /// −Σ_t η_t/B ⟨∇f, ∇ℓ_i⟩ along the training.
  public static let inrun = Method(
    name: "inrun", title: "each example's first-order part of every step of the training",
    source: "Wang et al. 2024", gradients: .loss, scope: .run, unit: .change,
    needs: [.training], cost: { $0.walk() }, prepare: { try InRun($0) })
}
