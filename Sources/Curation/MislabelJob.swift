// Letters: n training examples.
import Datasets
import Foundation
import Gradients
import Influence
import Projections
import Synchronization
import Tensors
import Training

/// The search for wrong labels in a run's training set.
public struct MislabelJob: Sendable {
  /// λ of the regression without an example: natural errors want .1, planted ones .3 times the mean
  /// eigenvalue (METHODS.md, *Mislabels*).
  public static let standardDamping = DampingRule.timesMeanEigenvalue(0.2)
  /// Landmarks of the trace kernel where the training set is too large for the exact one.
  public static let standardFeatures = ProjectionChoice(kind: .landmarks, dimension: 2_048)

  /// Training examples up to which the leave-one-out margin alone is the default signal.
  ///
  /// Beyond, a network has seen so much that its own errors over the training tell as much as the
  /// regression at one checkpoint, and both together tell more than either
  /// (Documentation/STUDY.md, *Wrong labels*).
  public static let marginLimit = 20_000

  let influence: RunInfluence
  private let seeds: [UInt64]
  private let lastRegression = LastRegression()
  /// Hears of features that are collected because no store has them: rows done, rows in all;
  /// throwing stops.
  public var collecting: @Sendable (Int, Int) throws -> Void = { _, _ in }

  /// A search over some of a run's seeds.
  public init(_ influence: RunInfluence, seeds: [UInt64]? = nil) {
    self.influence = influence
    self.seeds = seeds ?? influence.run.seeds
  }

  /// The signal unless another is asked for.
  ///
  /// `leaveOneOutMargin`; `leaveOneOutWithEL2N` for classes above `marginLimit` examples whose training
  /// was watched.
  public var standardSignal: MislabelRanking.Signal {
    let train = influence.data.train
    return train.classes != nil && train.count > MislabelJob.marginLimit
      && influence.run.hasWholeDynamics ? .leaveOneOutWithEL2N : .leaveOneOutMargin
  }

  /// Training examples in order of suspicion by one signal.
  ///
  /// - Parameters:
  ///   - signal: nil: `standardSignal`.
  ///   - request: damping, checkpoints and kernel of the kernel regression (left open: the run file's
  ///     `defaults`, else the last checkpoint, `standardDamping`, features above the exact kernel's
  ///     limit); all of the scoring
  ///     of `selfInfluence`.
  ///   - scorer: whose self-influence is asked for, when it is there already.
  /// - Throws: `InfluenceError.notDefined` for sequences, which have no labels, and for a signal
  ///   that the training's loss does not have.
  public func ranking(
    by asked: MislabelRanking.Signal? = nil, _ request: ScoringRequest = ScoringRequest(),
    scorer: Ensemble? = nil
  ) throws -> MislabelRanking {
    if influence.isSequence {
      throw InfluenceError.notDefined(
        name: "the search for wrong labels",
        reason: "these are sequences, whose next tokens are no labels", option: "run")
    }
    let signal = asked ?? standardSignal
    let suspicion: [Float]
    var notes: [String] = []
    var regression: LastRegression.Answer?
    switch signal {
    case .leaveOneOutMargin:
      let found = try leaveOneOut(request)
      (suspicion, notes) = (found.predictions.margins.map { -$0 }, found.notes)
      regression = found
    case .leaveOneOutWithEL2N:
      let ofTraining = try mean(.el2n, signal)
      let found = try leaveOneOut(request)
      suspicion = zip(ofTraining, found.predictions.margins).map { $0 - $1 }
      (notes, regression) = (found.notes, found)
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
    case .outside:
      throw InfluenceError.notDefined(
        name: "signal outside", reason: "it is of probabilities or features from elsewhere",
        option: "‹probabilities›")
    }
    var ranking = MislabelRanking(signal: signal, suspicion: suspicion)
    (ranking.notes, ranking.leaveOneOut) = (notes, regression?.predictions)
    ranking.heldOutInfluence = regression?.heldOut
    return ranking
  }

  /// What the kernel regression says without each example, made once for all signals of a request.
  func leaveOneOut(_ asked: ScoringRequest) throws -> LastRegression.Answer {
    if let known = lastRegression.value.withLock({ $0 }), known.request == asked { return known }
    let scoring = try scoring(asked)
    if scoring.usesFeatures { try collectTraceFeatures(scoring) }
    let ensemble = try influence.ensemble(scoring)
    let test = influence.data.test
    let found = LastRegression.Answer(
      request: asked, predictions: try ensemble.leaveOneOut(keeps: test.count > 0),
      heldOut: test.count > 0 ? try ensemble.scores(test, mean: true).row(0) : nil,
      notes: try ensemble.notes())
    lastRegression.value.withLock { $0 = found }
    return found
  }

  /// The last answer of the kernel regression, shared by a job's copies.
  final class LastRegression: Sendable {
    struct Answer {
      let request: ScoringRequest
      let predictions: LeaveOneOutPredictions
      /// Of the mean of the test set, n values.
      let heldOut: [Float]?
      let notes: [String]
    }

    let value = Mutex<Answer?>(nil)
  }

  /// What was asked for, then the run file's `defaults`, then the search's own.
  func scoring(_ request: ScoringRequest) throws -> ResolvedScoring {
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
  func collectTraceFeatures(_ scoring: ResolvedScoring) throws {
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
          reason: "training on these targets records no \(signal.rawValue)", option: "‹signal›")
      }
      for epoch in epochs(dynamics) {
        for (i, value) in values.row(epoch).enumerated() { sum[i] += Double(value) }
        count += 1
      }
    }
    return sum.map { Float($0 / max(1, count)) }
  }
}
