import Answers
import Curation
import Datasets
import Evaluation
import Influence
import Networks
import Reports
import Tensors

/// Asks which training labels are wrong.
public struct MislabeledJob: Sendable {
  /// What suspicion is; nil: the run's own (`MislabelJob.standardSignal`).
  public var signal: MislabelRanking.Signal?
  /// Suspects in the answer.
  public var top = 50
  /// How scores are made, for signals of gradients.
  public var scoring = ScoringRequest()
  /// The layers that gradients are over; nil: all that were trained.
  public var layers: LayerPatterns?

  /// By the run's own signal.
  public init() {}

  /// An answer with the order of all training examples.
  public struct Result: Sendable {
    /// The answer.
    public let answer: MislabeledAnswer
    /// The order of all training examples.
    public let ranking: MislabelRanking
    let influence: RunInfluence

    /// All training examples in order, one line each.
    public func csv() throws -> String {
      try MislabeledAnswer(influence, ranking, top: .max).csv
    }

    /// The suspects as a page.
    public func page() -> AttributionReport { answer.page(influence, ranking) }
  }

  /// Ranks.
  ///
  /// - Throws: `InfluenceError` for signals that the run does not have; errors of its files;
  ///   `JobCancelled`.
  public func run(in session: Session) throws -> Result {
    let (influence, ranking) =
      signal == .selfInfluence ? try bySelfInfluence(session) : try bySignal(session)
    return Result(
      answer: try MislabeledAnswer(influence, ranking, top: top), ranking: ranking,
      influence: influence)
  }

  private func bySelfInfluence(_ session: Session) throws -> (RunInfluence, MislabelRanking) {
    let setup = try ScoringSession(session, scoring, layers: layers, asks: .themselves)
    return (
      setup.influence,
      try MislabelJob(setup.influence).ranking(by: .selfInfluence, scorer: setup.scorer)
    )
  }

  private func bySignal(_ session: Session) throws -> (RunInfluence, MislabelRanking) {
    let control = session.control
    let influence = try session.influence(layers: layers)
    var job = MislabelJob(influence, seeds: scoring.seeds)
    let signal = signal ?? job.standardSignal
    if signal.isOfGradients, let layers = influence.layersSentence { control.note(layers) }
    let stage = control.stage("collecting trace features", unit: "rows")
    job.collecting = { done, total in
      try control.check()
      stage.update(done, of: total)
    }
    if signal.leavesOneOut && !influence.isSequence,
      let estimate = try job.estimate(scoring), let text = EstimateText.announcement(estimate)
    {
      control.note(text)
      control.expect(EstimateText.expected(flops: estimate.flops))
    }
    let ranking = try job.ranking(by: signal, scoring)
    for note in ranking.notes { control.note("note: \(note)") }
    return (influence, ranking)
  }
}

extension Session {
  /// Training examples in order of suspicion of a wrong label.
  ///
  /// - Parameter top: suspects in the answer.
  public func mislabeled(top: Int = 50) throws -> MislabeledAnswer {
    var job = MislabeledJob()
    job.top = top
    return try job.run(in: self).answer
  }
}
