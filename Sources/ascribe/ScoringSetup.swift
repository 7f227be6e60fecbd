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
    influence = try RunInfluence(run, layers: method.patterns)
    let kernel: RunInfluence.KernelSource =
      switch method.kernel {
      case .auto: .byCount
      case .exact: .exact
      case .features: .features
      }
    let usesFeatures =
      method.kernel == .features
      || (method.kernel == .auto && influence.data.train.count > method.exactLimit)
    // Features have no second kernel, and sequences no one-hot target: their default is `trak`.
    let isImported = run.record.status == .imported
    let chosen =
      try method.method.map { try Method(name: $0) }
      ?? (usesFeatures || influence.isSequence ? .trak : .trajectory)
    // The residuals over the whole training say most; those of one checkpoint that has memorised its
    // data say nothing, and the kernel's stand in for them where there was no training here.
    let epochs = try method.choice.references(of: run, seeds: try method.seedList(), method: chosen)
    let isSingle = Set(epochs.map(\.epoch)).count == 1
    let residuals: ExampleWeight? =
      influence.isSequence || !influence.isClassification
        || (chosen != .trak && chosen != .trajectory)
      ? nil
      : !isImported && run.isFinished
        ? ExampleWeight(.trajectory)
        : usesFeatures || !isSingle ? nil : ExampleWeight(.leaveOneOut)
    let weight = try method.exampleWeight.map { try ExampleWeight(name: $0) } ?? residuals
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
    if let layers = influence.layersSentence { Console.line(layers) }
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
