import Datasets
import Evaluation
import Influence
import Networks
import Reports
import Training

/// From a run's name and method options to a scorer, with the choices said on standard error.
struct ScoringSetup {
  let influence: RunInfluence
  let scoring: ResolvedScoring
  let options: ScoringOptions
  let scorer: Ensemble

  /// What will be asked of a scoring, for the estimate of its work.
  enum Asked {
    case query, test, train
    /// Nothing but what training examples are to themselves.
    case themselves

    func count(_ data: SplitData) -> Int {
      switch self {
      case .query: 1
      case .test: data.test.count
      case .train: data.train.count
      case .themselves: 0
      }
    }
  }

  /// The scoring of options as they were given.
  init(
    run name: String, _ method: MethodOptions, _ common: CommonOptions,
    diagnosesDamping: DampingDiagnosis = .none, asks asked: Asked = .test
  ) throws {
    try self.init(
      try common.open(name), try method.request(diagnosesDamping: diagnosesDamping),
      layers: method.layers.patterns, asks: asked)
  }

  /// The scoring of a request.
  init(
    _ run: Run, _ request: ScoringRequest, layers: LayerPatterns? = nil, asks asked: Asked = .test
  ) throws {
    influence = try RunInfluence(run, layers: layers)
    if [.query, .test].contains(asked) { try influence.data.requireTest() }
    scoring = try influence.resolved(request)
    options = scoring.options
    scorer = try influence.ensemble(scoring)
    Console.line(
      "\(options.method) of \(options.outputFunction.rawValue) on "
        + (scoring.usesFeatures ? "features (\(scorer.kernelName))" : "the exact kernel")
        + ", \(influence.data.train.count) training examples, "
        + "\(scorer.checkpointNames.count) checkpoint\(scorer.checkpointNames.count == 1 ? "" : "s")"
        + (options.exampleWeight.source == .none ? "" : ", example weight \(options.exampleWeight)")
    )
    // Features are of the store's checkpoints unless others are asked for.
    if !scoring.usesFeatures || scoring.choice != .standard,
      let passed = try scoring.choice.chosen(
        of: run, seeds: scoring.seeds, method: options.method
      ).sentence
    {
      Console.line("note: \(passed); --checkpoints all takes them")
    }
    if let layers = influence.layersSentence { Console.line(layers) }
    if let reason = KernelText.sentence(scoring.kernelReason) { Console.line(reason) }
    EstimateText.announce(try influence.estimate(scoring, queries: asked.count(influence.data)))
  }

  /// Says what was decided about damping, and anything odd about the gradients.
  func explain() throws {
    let reports = try scorer.dampingReports()
    let brief = reports.filter { $0.report.spectrum == nil }
    if !brief.isEmpty {
      Console.line(
        "damping λ: "
          + brief.map { "\($0.name) " + NumberText.significant($0.report.damping) }
          .joined(separator: ", "))
    }
    for (name, report) in reports where report.spectrum != nil {
      Console.line("\(name): " + report.lines.joined(separator: "\n"))
    }
    for note in try scorer.notes() { Console.line("note: \(note)") }
  }

  /// What makes the scores of test examples.
  func description(fusion: ScoreFile.Fusion? = nil) throws -> ScoreDescription {
    try ScoreDescription(scorer, of: influence, queries: influence.data.test, fusion: fusion)
  }
}
