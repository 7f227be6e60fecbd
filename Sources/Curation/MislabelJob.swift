// Letters: n training examples.
import Datasets
import Foundation
import Gradients
import Influence
import Projections
import Tensors
import Training

/// The search for wrong labels in a run's training set.
public struct MislabelJob: Sendable {
  /// λ of the leave-one-out margins: natural errors want .1, planted ones .3 times the mean
  /// eigenvalue (METHODS.md, *Mislabels*).
  public static let standardDamping = DampingRule.timesMeanEigenvalue(0.2)
  /// Landmarks of the trace kernel where the training set is too large for the exact one.
  public static let standardFeatures = ProjectionChoice(kind: .landmarks, dimension: 2_048)

  private let influence: RunInfluence
  private let seeds: [UInt64]
  /// Hears of features that are collected because no store has them: rows done, rows in all;
  /// throwing stops.
  public var collecting: @Sendable (Int, Int) throws -> Void = { _, _ in }

  /// A search over some of a run's seeds.
  public init(_ influence: RunInfluence, seeds: [UInt64]? = nil) {
    self.influence = influence
    self.seeds = seeds ?? influence.run.seeds
  }

  /// Training examples in order of suspicion by one signal.
  ///
  /// - Parameters:
  ///   - request: damping, checkpoints and kernel of `leaveOneOutMargin` (left open: the run file's
  ///     `defaults`, else the last checkpoint, `standardDamping`, features above the exact kernel's limit); all of the scoring
  ///     of `selfInfluence`.
  ///   - scorer: whose self-influence is asked for, when it is there already.
  /// - Throws: `InfluenceError.notDefined` for sequences, which have no labels, and for a signal
  ///   that the training's loss does not have.
  public func ranking(
    by signal: MislabelRanking.Signal, _ request: ScoringRequest = ScoringRequest(),
    scorer: Ensemble? = nil
  ) throws -> MislabelRanking {
    if influence.isSequence {
      throw InfluenceError.notDefined(
        name: "the search for wrong labels",
        reason: "these are sequences, whose next tokens are no labels", option: "run")
    }
    let suspicion: [Float]
    var notes: [String] = []
    switch signal {
    case .leaveOneOutMargin:
      let ensemble = try margins(request)
      suspicion = try ensemble.leaveOneOutMargins().map { -$0 }
      notes = try ensemble.notes()
    case .selfInfluence:
      var request = request
      request.seeds = request.seeds ?? seeds
      let ensemble = try scorer ?? influence.ensemble(request)
      suspicion = try ensemble.selfInfluence()
      notes = try ensemble.notes()
    case .finalProbability: suspicion = try last(.probability, signal).map { 1 - $0 }
    case .meanProbability: suspicion = try mean(.probability, signal).map { 1 - $0 }
    case .areaUnderMargin: suspicion = try mean(.margin, signal).map { -$0 }
    case .el2n: suspicion = try mean(.el2n, signal)
    case .loss: suspicion = try last(.loss, signal)
    case .gradientNorm: suspicion = try mean(.gradientNorm, signal)
    }
    var ranking = MislabelRanking(signal: signal, suspicion: suspicion)
    ranking.notes = notes
    return ranking
  }

  /// The kernel regression whose leave-one-out margins are the default signal.
  private func margins(_ asked: ScoringRequest) throws -> Ensemble {
    let scoring = try scoring(asked)
    if scoring.usesFeatures { try collectTraceFeatures(scoring) }
    return try influence.ensemble(scoring)
  }

  /// What was asked for, then the run file's `defaults`, then the search's own.
  private func scoring(_ request: ScoringRequest) throws -> ResolvedScoring {
    var defaults = try ScoringRequest(defaultsOf: influence.run)
    // Steps are for methods that sum over them: no example has all its outputs there.
    if defaults.kernel == .steps { defaults.kernel = nil }
    let asked = request.completed(by: defaults)
    return try influence.resolved(
      ScoringRequest(
        method: .ntkLeaveOneOut, damping: asked.damping ?? Self.standardDamping,
        dampingProfile: .uniform, checkpoints: asked.checkpoints ?? .final, seeds: seeds,
        kernel: asked.kernel ?? .auto, exactLimit: asked.exactLimit,
        // Of a damping that no query takes: nothing to come back to.
        factorBytes: asked.factorBytes ?? 0))
  }

  /// What the leave-one-out margins will take, without features that are collected first.
  public func estimate(_ request: ScoringRequest = ScoringRequest()) throws -> WorkEstimate? {
    try influence.estimate(try scoring(request), queries: 0)?.keepingMethod()
  }

  /// Collects the features of the trace kernel unless a store of them is there.
  private func collectTraceFeatures(_ scoring: ResolvedScoring) throws {
    let work = try influence.collecting(
      for: .ntkLeaveOneOut, projection: Self.standardFeatures, choice: scoring.choice,
      seeds: scoring.seeds)
    for part in work.parts where !FileManager.default.fileExists(atPath: part.path) {
      try part.collection.collect(influence.data.train, to: part.path, progress: collecting)
    }
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
