import Answers
import Curation
import Datasets
import Evaluation
import Foundation
import Influence
import Runs
import Storage
import Tensors

/// Chooses the training examples that are kept, and proves the choice.
public struct PruneJob: Sendable {
  /// The strategies of a tournament unless others are named.
  public static let candidates = [
    PruneStrategy.recipe.name, "aum-hardest", "el2n-hardest", "ccs", "facility-location",
  ]

  /// The shares that are kept, each above 0 and at most 1.
  public var keep = [0.9, 0.5]
  /// Names of strategies (`PruneStrategies`).
  public var strategies = [PruneStrategy.recipe.name]
  /// Instead of strategies, ids that are dropped: such as `3,17`, or `@FILE` with one a line.
  public var drop: String?
  /// Whether models are trained that compare each choice with random ones.
  public var proves = false
  /// Whether, at each share, the strategies are compared on training examples held out and only the
  /// best is proved.
  public var holdsTournament = false
  /// Models of each chosen subset.
  public var seeds = PruneTrials.standardSeeds
  /// Random subsets of each size, a model each.
  public var randomSubsets = PruneTrials.standardRandomSubsets
  /// The seed of all that is drawn.
  public var subsetSeed: UInt64 = 0
  /// The folder of a copy of the training data that are kept; nil: none.
  public var write: String?

  /// The recipe at .9 and .5.
  public init() {}

  /// An answer with the models behind it.
  public struct Result: Sendable {
    /// The answer.
    public let answer: PruneAnswer
    let choices: [PruneChoice]
    let influence: RunInfluence
    let proved: (trials: PruneTrials, bank: RetrainingBank)?
  }

  /// Chooses and proves; stopped, the same job goes on with the next model.
  ///
  /// - Throws: `PruningError` for shares, strategies and ids that cannot be; errors of what a strategy
  ///   reads and of training; `JobCancelled`.
  public func run(in session: Session) throws -> Result {
    for share in keep { _ = try PruneStrategy.count(share, of: 1) }
    try require(seeds, in: 2...1_000, "‹seeds›")
    try require(randomSubsets, in: 2...1_000, "‹randomSubsets›")
    if let write { try PruneCopy.requireFree(write) }
    let chosen = try strategies.map { try PruneStrategies.standard.strategy(named: $0) }
    let influence = try session.influence()
    if proves {
      try influence.data.requireTest()
      _ = try influence.run.training()
      if drop == nil, let share = keep.first(where: { dropsNone($0, influence) }) {
        throw PruningError.nothingDropped(keep: share)
      }
    }
    var choices = try choices(chosen, influence, session.control)
    if holdsTournament {
      choices = try PruneTournament(
        influence: influence, control: session.control, seed: subsetSeed
      ).winners(choices)
    }
    let proved = proves ? try prove(choices, influence, session.control) : nil
    let proofs = try proved.map { try $0.trials.proofs($0.bank, test: influence.data.test) }
    let answer = PruneAnswer(
      run: influence.run.name,
      choices.enumerated().map { index, choice in
        PruneAnswer.Result(
          strategy: choice.strategy, keep: choice.keep, choice.selection, of: influence.data.train,
          proof: proofs?[index])
      })
    if let write {
      try PruneCopy(answer, influence.run).write(to: write, session.control)
    }
    return Result(answer: answer, choices: choices, influence: influence, proved: proved)
  }

  private func require(
    _ value: Int, in range: ClosedRange<Int>, _ field: String
  ) throws(PruningError) {
    guard range.contains(value) else {
      throw .outOfRange(field: field, value: value, allowed: range)
    }
  }

  private func dropsNone(_ keep: Double, _ influence: RunInfluence) -> Bool {
    let count = influence.data.train.count
    return (try? PruneStrategy.count(keep, of: count)) == count
  }

  /// Strategy by strategy, each at every share.
  private func choices(
    _ strategies: [PruneStrategy], _ influence: RunInfluence, _ control: JobControl
  ) throws -> [PruneChoice] {
    let train = influence.data.train
    let stage = control.stage("collecting features", unit: "rows")
    let context = PruneContext(
      RunPruneSources(
        influence, control: control,
        collecting: { done, total in
          try control.check()
          stage.update(done, of: total)
        }), seed: subsetSeed)
    if let drop {
      let selection = try PruneSelection(
        dropping: try train.rows(named: drop, field: "‹drop›"), in: context)
      let share = Double(selection.kept.count) / Double(train.count)
      return [PruneChoice(strategy: "listed", keep: share, selection: selection)]
    }
    return try strategies.flatMap { strategy in
      try keep.map { share in
        try control.check()
        return PruneChoice(
          strategy: strategy.name, keep: share,
          selection: try strategy.selection(context, keep: share))
      }
    }
  }

  /// Trains what is missing of the models.
  private func prove(
    _ choices: [PruneChoice], _ influence: RunInfluence, _ control: JobControl
  ) throws -> (trials: PruneTrials, bank: RetrainingBank) {
    let trials = try PruneTrials(
      choices.map(\.selection), of: influence.data.train.count, seeds: seeds,
      randomSubsets: randomSubsets, drawSeed: subsetSeed)
    return (trials, try PruneBank(trials.design, influence.run, influence.data).made(control))
  }
}

extension PruneJob {
  /// The proof of one choice of half the examples: its models, those of its opposite, of all examples
  /// and of random halves.
  static func append(to plan: inout WorkPlan, _ subject: WorkPlan.Subject) throws {
    let (seeds, randoms) = (PruneTrials.standardSeeds, PruneTrials.standardRandomSubsets)
    try plan.append(
      "prune", models: 3 * seeds + randoms,
      examples: (Double(seeds) + 0.5 * Double(2 * seeds + randoms))
        * Double(subject.data.train.count), of: subject)
  }
}

/// What a strategy keeps at a share.
struct PruneChoice: Sendable {
  let strategy: String
  let keep: Double
  let selection: PruneSelection
}
