import Answers
import Datasets
import Evaluation
import Influence
import Networks
import Reports
import Tensors

/// A run's scores by one request: what was chosen is said as it is decided.
public struct ScoringSession: Sendable {
  /// The run with its data.
  public let influence: RunInfluence
  /// The request with everything decided.
  public let scoring: ResolvedScoring
  /// The scorer of all checkpoints.
  public let scorer: Ensemble
  /// Where the work reports to.
  let control: JobControl
  /// How much is said about how the scores are made.
  let diagnosis: DiagnosisText.Extent

  /// The options of the method.
  public var options: ScoringOptions { scoring.options }

  /// What will be asked of a scoring, for the estimate of its work.
  public enum Asked: Sendable {
    /// One query, the test set, the training set.
    case query, test, train
    /// Queries that are in no split.
    case outside
    /// Nothing but what training examples are to themselves.
    case themselves

    func count(_ data: SplitData) -> Int {
      switch self {
      case .query, .outside: 1
      case .test: data.test.count
      case .train: data.train.count
      case .themselves: 0
      }
    }
  }

  /// The scoring of a request.
  ///
  /// - Parameter diagnosis: in full, the choices are said at once and `explain` adds damping and
  ///   spectrum; in a line, `explain` says them together.
  /// - Throws: `InfluenceError` for a request that the run does not suit; errors of its files.
  public init(
    _ session: Session, _ request: ScoringRequest = ScoringRequest(),
    layers: LayerPatterns? = nil, asks asked: Asked = .test,
    diagnosis: DiagnosisText.Extent = .full
  ) throws {
    control = session.control
    self.diagnosis = diagnosis
    influence = try session.influence(layers: layers)
    if [.query, .test].contains(asked) { try influence.data.requireTest() }
    var scoring = try influence.resolved(request)
    if let work = try influence.collectingFirst(request, insteadOf: scoring) {
      control.note(
        "on features, which are collected now and kept: the exact kernel takes much longer for each"
          + " question (‹kernel: exact›)")
      var job = CollectJob()
      (job.outputFunction, job.checkpoints) = (request.outputFunction, work.choice)
      _ = try job.run(in: session)
      scoring = try influence.resolved(request)
    }
    self.scoring = scoring
    scorer = try influence.ensemble(scoring, control: control)
    try sayChoices(asked)
  }

  private func sayChoices(_ asked: Asked) throws {
    if diagnosis == .full { control.note(choices) }
    // Features are of the store's checkpoints unless others are asked for.
    if !scoring.usesFeatures || scoring.choice != .standard,
      let passed = try scoring.choice.chosen(
        of: influence.run, seeds: scoring.seeds, method: options.method
      ).sentence
    {
      control.note("note: \(passed); ‹checkpoints: all› takes them")
    }
    if let layers = influence.layersSentence { control.note(layers) }
    if diagnosis == .full, let reason = KernelText.sentence(scoring.kernelReason) {
      control.note(reason)
    }
    control.announce(try influence.estimate(scoring, queries: asked.count(influence.data)))
  }

  /// Method, kernel and checkpoints in a line.
  private var choices: String {
    let checkpoints = scorer.checkpointNames.count
    return "\(options.method) of \(options.outputFunction.rawValue) on "
      + (options.method.replays
        ? "the training's own steps"
        : scoring.usesFeatures ? "features (\(scorer.kernelName))" : "the exact kernel")
      + ", \(influence.data.train.count) training examples, "
      + "\(checkpoints) checkpoint\(checkpoints == 1 ? "" : "s")"
      + (options.exampleWeight.source == .none ? "" : ", example weight \(options.exampleWeight)")
  }

  /// Says what was decided about damping, and anything odd about the gradients.
  package func explain() throws {
    let reports = try scorer.dampingReports()
    switch diagnosis {
    case .line:
      let damping = DiagnosisText.damping(reports.map(\.report.damping), by: options.damping)
      control.note(([choices] + (damping.map { [$0] } ?? [])).joined(separator: ", "))
    case .full:
      for line in DiagnosisText.lines(reports) { control.note(line) }
    }
    for note in try scorer.notes() { control.note("note: \(note)") }
  }

  /// What makes the scores of test examples, or of other queries.
  public func description(
    of queries: Dataset? = nil, fusion: ScoreFile.Fusion? = nil
  ) throws -> ScoreDescription {
    try ScoreDescription(
      scorer, of: influence, queries: queries ?? influence.data.test, fusion: fusion)
  }

  /// The scores fused with a bank, with what was found said; nil without a bank.
  ///
  /// - Parameter truth: the bank that the scores will be tested on, if any.
  package func fused(
    with bank: String?, token: Int? = nil, truth: (bank: RetrainingBank, name: String)? = nil
  ) throws -> FusedScorer? {
    guard let bank else { return nil }
    let fused = try FusedScorer(scorer, bank: bank, of: influence, token: token, truth: truth)
    control.note(fused.summary)
    return fused
  }
}
