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
  /// The precision at which the ranking is cut, .5 to .99; nil: it is not, and no model is trained.
  public var cut: Double?
  /// The seed of the decoys that a cut is made by.
  public var decoySeed: UInt64 = 0
  /// An npy file of another program's probabilities, n × classes, made out of fold; nil: none.
  public var probabilities: String?
  /// An npy file of another program's features, n × k; nil: none.
  public var features: String?
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
    /// How many labels are wrong and where the ranking is cut; nil where none was asked for.
    public let cut: CutEstimate?
    let influence: RunInfluence
    let ranks: [(signal: MislabelRanking.Signal, ranks: [Int])]
    let dossiers: [SuspectDossier]

    /// All training examples in order, one line each.
    public func csv() throws -> String {
      try MislabeledAnswer(influence, ranking, cut: cut, top: .max).with(
        ranks: ranks, dossiers: dossiers, influence.data.train, order: ranking.order
      ).csv
    }

    /// The suspects as a page.
    public func page() -> AttributionReport { answer.page(influence, ranking) }
  }

  /// Ranks.
  ///
  /// - Throws: `InfluenceError` for signals that the run does not have; errors of its files;
  ///   `JobCancelled`.
  public func run(in session: Session) throws -> Result {
    let (influence, ranking, found) =
      probabilities != nil || features != nil
      ? try fromOutside(session)
      : signal == .selfInfluence && cut == nil
        ? try bySelfInfluence(session) : try bySignal(session)
    for note in ranking.notes { session.control.note("note: \(note)") }
    let job = MislabelJob(influence, seeds: scoring.seeds)
    let ranks = influence.isSequence ? [] : try job.recordedRanks()
    let answer = try MislabeledAnswer(influence, ranking, cut: found, top: top)
    var dossiers: [SuspectDossier] = []
    if let suggested = ranking.leaveOneOut?.classes, influence.data.train.classes != nil,
      ranking.signal != .outside
    {
      let rows = Array(ranking.order.prefix(min(top, MislabeledJob.mostDossiers)))
      dossiers = try job.dossiers(of: rows, suggested: suggested, scoring)
    }
    return Result(
      answer: answer.with(
        ranks: ranks, dossiers: dossiers, influence.data.train, order: ranking.order),
      ranking: ranking, cut: found, influence: influence, ranks: ranks, dossiers: dossiers)
  }

  /// Suspects whose nearest examples are looked for.
  private static let mostDossiers = 200

  private typealias Found = (RunInfluence, MislabelRanking, CutEstimate?)

  private func bySelfInfluence(_ session: Session) throws -> Found {
    let setup = try ScoringSession(session, scoring, layers: layers, asks: .themselves)
    return (
      setup.influence,
      try MislabelJob(setup.influence).ranking(by: .selfInfluence, scorer: setup.scorer), nil
    )
  }

  /// By what was brought: no gradient, and no training.
  private func fromOutside(_ session: Session) throws -> Found {
    if let signal {
      throw CurationError.request(
        problem: "the signal \(signal.rawValue) is of this run, and probabilities or features were "
          + "brought", field: "‹signal›", remedy: "leave ‹signal› out")
    }
    let influence = try session.influence(layers: layers)
    let train = influence.data.train
    let search = try OutsideSearch(
      try OutsideModel(
        probabilities: try probabilities.map {
          try ArrayFile.matrix(reading: $0, rows: train.count, columns: train.classCount)
        },
        features: try features.map { try ArrayFile.matrix(reading: $0, rows: train.count) },
        file: probabilities ?? ""), train, run: influence.run.name)
    return (
      influence, search.ranking(),
      try cut.map { try search.cut(precision: $0, run: influence.run.name, seed: decoySeed) }
    )
  }

  private func bySignal(_ session: Session) throws -> Found {
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
    if signal.leavesOneOut && !influence.isSequence {
      control.announce(try job.estimate(scoring))
    }
    guard let cut else { return (influence, try job.ranking(by: signal, scoring), nil) }
    // First what cannot be asked, then the models: the ranking's regression is made once.
    let estimate = try job.cut(
      precision: cut, by: signal, scoring, seed: decoySeed, control: control)
    var atTheEnd = scoring
    atTheEnd.checkpoints = .final
    return (influence, try job.ranking(by: signal, atTheEnd), estimate)
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
