// Letters: n training examples.
import Datasets
import Influence
import Tensors
import Training

/// The search for wrong labels in a run's training set.
public struct MislabelJob: Sendable {
  private let influence: RunInfluence
  private let seeds: [UInt64]

  /// A search over some of a run's seeds.
  public init(_ influence: RunInfluence, seeds: [UInt64]? = nil) {
    self.influence = influence
    self.seeds = seeds ?? influence.run.seeds
  }

  /// Training examples in order of suspicion by one signal.
  ///
  /// - Parameters:
  ///   - choice: the checkpoints of the kernel signals.
  ///   - scorer: whose self-influence is asked for, with that signal; nil: of `trajectory`.
  /// - Throws: `InfluenceError.notDefined` for sequences, which have no labels, and for a signal
  ///   that the training's loss does not have.
  public func ranking(
    by signal: MislabelRanking.Signal, choice: CheckpointChoice = .standard,
    damping: DampingRule = .standard, exactLimit: Int = InfluenceModel.standardExactLimit,
    scorer: RunScorer? = nil
  ) throws -> MislabelRanking {
    if influence.isSequence {
      throw InfluenceError.notDefined(
        name: "the search for wrong labels",
        reason: "these are sequences, whose next tokens are no labels", option: "run")
    }
    let suspicion: [Float]
    switch signal {
    case .leaveOneOutMargin:
      let options = try ScoringOptions(
        method: .ntkLeaveOneOut, classification: influence.isClassification, damping: damping,
        dampingProfile: .uniform)
      let model = try influence.model(
        options: options,
        checkpoints: try choice.references(
          of: influence.run, seeds: seeds, method: .trajectory),
        exactLimit: exactLimit)
      suspicion = try model.leaveOneOutMargins().map { -$0 }
    case .selfInfluence:
      let scorer =
        try scorer
        ?? influence.scorer(
          options: ScoringOptions(
            method: .trajectory, classification: influence.isClassification, damping: damping),
          choice: choice, seeds: seeds, exactLimit: exactLimit)
      suspicion = try scorer.selfInfluence()
    case .finalProbability: suspicion = try last(.probability, signal).map { 1 - $0 }
    case .meanProbability: suspicion = try mean(.probability, signal).map { 1 - $0 }
    case .areaUnderMargin: suspicion = try mean(.margin, signal).map { -$0 }
    case .el2n: suspicion = try mean(.el2n, signal)
    case .loss: suspicion = try last(.loss, signal)
    case .gradientNorm: suspicion = try mean(.gradientNorm, signal)
    }
    return MislabelRanking(signal: signal, suspicion: suspicion)
  }

  private func last(
    _ recorded: ExampleSignal, _ asked: MislabelRanking.Signal
  ) throws -> [Float] {
    try average(recorded, asked) { $0.epochs - 1..<$0.epochs }
  }

  private func mean(
    _ recorded: ExampleSignal, _ asked: MislabelRanking.Signal
  ) throws -> [Float] {
    try average(recorded, asked) { 0..<$0.epochs }
  }

  /// The mean of a recorded signal over some epochs and all seeds, n values.
  private func average(
    _ signal: ExampleSignal, _ asked: MislabelRanking.Signal, epochs: (Dynamics) -> Range<Int>
  ) throws -> [Float] {
    var sum = [Double](repeating: 0, count: influence.data.train.count)
    var count = 0.0
    for seed in seeds {
      let dynamics = try influence.run.dynamics(seed: seed)
      guard let values = dynamics[signal] else {
        throw InfluenceError.notDefined(
          name: "signal \(asked.rawValue)",
          reason: "training on these targets records no \(signal.rawValue)", option: "--signal")
      }
      for epoch in epochs(dynamics) {
        for (i, value) in values.row(epoch).enumerated() { sum[i] += Double(value) }
        count += 1
      }
    }
    return sum.map { Float($0 / max(1, count)) }
  }
}
