import Datasets
import Evaluation
import Influence
import Networks
import Reports
import Training

/// From a run's name and method options to a scorer, with the choices said on standard error.
struct ScoringSetup {
  let influence: RunInfluence
  let options: ScoringOptions
  let scorer: RunScorer

  init(
    run name: String, _ method: MethodOptions, _ common: CommonOptions,
    diagnosesDamping: DampingDiagnosis = .none
  ) throws {
    let run = try common.open(name)
    influence = try RunInfluence(run, layers: method.layers.patterns)
    let kernel: RunInfluence.KernelSource =
      switch method.kernel {
      case .auto: .byCount
      case .exact: .exact
      case .features: .features
      }
    let usesFeatures =
      method.kernel == .features
      || (method.kernel == .auto && influence.data.train.count > method.exactLimit)
    let chosen =
      try method.method.map { try Method(name: $0) }
      ?? .standard(onFeatures: usesFeatures, isSequence: influence.isSequence)
    let found = try method.choice.chosen(of: run, seeds: try method.seedList(), method: chosen)
    let epochs = found.references
    let weight =
      try method.exampleWeight.map { try ExampleWeight(name: $0) }
      ?? ScoringSetup.standardWeight(
        chosen, influence, onFeatures: usesFeatures, epochs: Set(epochs.map(\.epoch)).count)
    options = try ScoringOptions(
      method: chosen, classification: influence.isClassification,
      outputFunction: method.outputFunction.flatMap { OutputFunction(rawValue: $0) },
      exampleWeight: weight, damping: try DampingRule(method.damping),
      dampingProfile: method.dampingProfile,
      diagnosesDamping: diagnosesDamping)
    scorer = try influence.scorer(
      options: options, choice: method.choice, seeds: try method.seedList(), kernel: kernel,
      exactLimit: method.exactLimit)
    Console.line(
      "\(options.method.rawValue) of \(options.outputFunction.rawValue) on "
        + (usesFeatures ? "features (\(scorer.kernelName))" : "the exact kernel")
        + ", \(influence.data.train.count) training examples, "
        + "\(scorer.checkpointNames.count) checkpoint\(scorer.checkpointNames.count == 1 ? "" : "s")"
        + (options.exampleWeight.source == .none ? "" : ", example weight \(options.exampleWeight)")
    )
    // Features are of the store's checkpoints unless others are asked for.
    if !usesFeatures || method.checkpoints != nil, let passed = found.sentence {
      Console.line("note: \(passed); --checkpoints all takes them")
    }
    if let layers = influence.layersSentence { Console.line(layers) }
  }

  /// The weight unless another is asked for; nil for the method's own.
  ///
  /// The residuals over the whole training say most; those of one checkpoint that has memorised its
  /// data say nothing, and the kernel's stand in for them where there was no training here.
  private static func standardWeight(
    _ method: Method, _ influence: RunInfluence, onFeatures: Bool, epochs: Int
  ) -> ExampleWeight? {
    guard influence.isClassification, !influence.isSequence,
      method == .trak || method == .trajectory
    else { return nil }
    if influence.run.hasWholeDynamics { return ExampleWeight(.trajectory) }
    return !onFeatures && epochs == 1 ? ExampleWeight(.leaveOneOut) : nil
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

  /// λ by checkpoint, for answers.
  func dampingAnswers() throws -> [DampingAnswer] {
    try scorer.dampingReports().map { DampingAnswer(checkpoint: $0.name, report: $0.report) }
  }

  /// What the model makes of examples, from the last checkpoint of the first seed.
  func predictions(for data: Dataset) throws -> Predictions {
    try influence.run.predictor(try influence.run.checkpoint(seed: nil, epoch: nil))
      .predictions(for: data)
  }
}

/// λ of one checkpoint in an answer.
struct DampingAnswer: Encodable {
  let checkpoint, rule: String
  let value, meanEigenvalue: Double
  let generalisedCrossValidation, leaveOneOut, conditionNumber, effectiveRank: Double?

  init(checkpoint: String, report: DampingReport) {
    self.checkpoint = checkpoint
    rule = report.rule
    value = report.damping
    meanEigenvalue = report.meanEigenvalue
    generalisedCrossValidation = report.generalisedCrossValidation
    leaveOneOut = report.leaveOneOut
    conditionNumber = report.conditionNumber
    effectiveRank = report.effectiveRank
  }

  /// λ as a bank keeps it.
  init(_ kept: SubsetRanking.Damping) {
    (checkpoint, rule) = (kept.checkpoint, kept.rule)
    (value, meanEigenvalue) = (kept.value, kept.meanEigenvalue)
    (generalisedCrossValidation, leaveOneOut) = (nil, nil)
    (conditionNumber, effectiveRank) = (nil, nil)
  }
}
