import Answers
import ArgumentParser
import Session

/// What `evaluate` measures.
enum EvaluationKind: String, ExpressibleByArgument, CaseIterable {
  case lds, loo, removal, mislabel, brittleness, randomized
}

/// `ascribe evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "How well scores predict retraining, and find planted errors.",
    discussion: """
      lds: linear datamodeling score against a bank of random subsets (ascribe
        retrain), with random scores beside it, which must come out at 0 within the
        error.
        --same-run: this very run without random examples (ascribe retrain
        --same-run) is the truth.
      loo: correlation with what leaving out single examples does (ascribe retrain
        --design leave-one-out).
      removal: what retraining without the most helpful or harmful examples does,
        beside random removal (ascribe retrain --design removal).
      mislabel: how well each signal of `mislabeled` finds the labels that data.flip
        planted.
      brittleness: how few helpful examples must go for a prediction to flip; trains
        the models it needs, once.
      randomized: the LDS of scores that should know nothing: random and permuted
        ones, those of a network trained on shuffled labels, and of untrained
        weights.
      Language models have them all but mislabel: of whole passages, or of one token
      with --token. Their loss stands in place of an accuracy, and a passage flips
      when its loss rises by --rise.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Argument(help: "lds, loo, removal, mislabel, brittleness or randomized.")
  var kind: EvaluationKind
  @OptionGroup(title: HelpSection.asked) var question: Question
  @OptionGroup(title: HelpSection.brittleness) var brittleness: BrittlenessOptions
  @OptionGroup(title: HelpSection.scored) var method: MethodOptions
  @OptionGroup(title: HelpSection.scored) var fusing: FuseOptions
  @OptionGroup(title: HelpSection.written) var written: Written
  @OptionGroup(title: HelpSection.machine) var common: CommonOptions

  /// What is asked.
  struct Question: ParsableArguments {
    @Option(
      help: "The bank's name (default: bank; loo, removal and brittleness have their own).")
    var bank: String?
    @Flag(help: "lds: against this very run without random examples (ascribe retrain --same-run).")
    var sameRun = false
    @Option(help: "Same run: the share that the bank takes away (default: 0.01).")
    var removed: Double?
    @Option(help: "Sequences: the only token of each test example, from 1, that is asked about.")
    var token: Int?
  }

  /// Where the result goes.
  struct Written: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Write the result as a self-contained HTML page with charts.", valueName: "file"))
    var report: String?
    @Flag(help: "Print one JSON object.") var json = false
  }

  func validate() throws {
    if kind != .brittleness, let stray = brittleness.given {
      throw ValidationError("\(stray) is for evaluate brittleness, not \(kind.rawValue)")
    }
    if kind != .lds && fusing.fuse != nil {
      throw ValidationError("--fuse is for evaluate lds, not \(kind.rawValue)")
    }
    if question.sameRun && kind != .lds {
      throw ValidationError("--same-run is for evaluate lds, not \(kind.rawValue)")
    }
    if question.removed != nil && !question.sameRun {
      throw ValidationError("--removed is for --same-run")
    }
    if kind == .mislabel && question.bank != nil {
      throw ValidationError("--bank is not for evaluate mislabel, which needs no bank")
    }
    if question.token != nil && (kind == .mislabel || kind == .removal) {
      throw ValidationError(
        "--token is not for evaluate \(kind.rawValue), "
          + (kind == .mislabel
            ? "which asks about no query" : "whose bank's ranking was chosen by retrain"))
    }
    let unused = ["--method", "--example-weight", "--checkpoints", "--seeds"]
    if kind == .removal, let stray = unused.first(where: method.given.contains) {
      throw ValidationError(
        "\(stray) is not for evaluate removal: the bank's ranking was chosen by retrain")
    }
  }

  func run() throws {
    common.begin()
    let session = try common.session(runName)
    let (bank, token) = (question.bank, question.token)
    let (scoring, layers) = (try method.request(), method.layers.patterns)
    switch kind {
    case .lds:
      var job = LDSJob(bank: bank, scoring: scoring, layers: layers)
      (job.fusedWith, job.token) = (fusing.fuse, token)
      if question.sameRun { job.sameRun = SameRunRequest(removed: question.removed ?? 0.01) }
      try show(job.run(in: session))
    case .loo:
      var job = LeaveOneOutJob(bank: bank, scoring: scoring, layers: layers)
      job.token = token
      try show(job.run(in: session))
    case .removal:
      try show(RemovalJob(bank: bank, outputFunction: scoring.outputFunction).run(in: session))
    case .mislabel:
      try show(MislabelEvaluationJob(scoring: scoring, layers: layers).run(in: session))
    case .brittleness:
      var job = try brittleness.job()
      (job.bank, job.scoring, job.layers) = (bank, scoring, layers)
      job.token = token
      try show(job.run(in: session))
    case .randomized:
      var job = RandomizedJob(bank: bank, scoring: scoring, layers: layers)
      job.token = token
      try show(job.run(in: session))
    }
  }

  private func show<A>(_ result: Evaluated<A>) throws {
    if let report = written.report { try Console.write(result.page, to: report) }
    try Console.answer(result.answer, json: written.json)
  }
}
