import ArgumentParser
import Foundation
import Influence
import Session

/// `ascribe score`.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "All scores of a split against the training examples, in one HDF5 file.",
    discussion: """
      --method a,b,c or --method all: a file each for the test examples, and a
      comparison: time, LDS where a bank is (ascribe retrain), agreement with this
      very run without examples where one of those is (ascribe retrain --same-run),
      and rank agreement between methods.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @OptionGroup(title: HelpSection.asked) var question: Question
  @OptionGroup(title: HelpSection.scored) var method: MethodOptions
  @OptionGroup(title: HelpSection.scored) var fusing: FuseOptions
  @OptionGroup(title: HelpSection.written) var diagnosis: DiagnosisOptions
  @OptionGroup(title: HelpSection.written) var written: Written
  @OptionGroup(title: HelpSection.machine) var common: CommonOptions

  /// What is asked.
  struct Question: ParsableArguments {
    @Option(help: "The queries: test or train.") var split: DataPart = .test
  }

  /// Where the scores go.
  struct Written: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "The file to write (default: Projections/RUN/scores-METHOD.h5).", valueName: "file"))
    var out: String?
    @Option(help: "Several methods: minutes they may take together, as planned.")
    var budget: Double?
    @Option(
      help: ArgumentHelp("Several methods: write the comparison as a page.", valueName: "file"))
    var report: String?
    @Flag(help: "Print one JSON object.") var json = false
  }

  /// The methods, where they are several; nil for one.
  private func several() throws -> [Method]? {
    guard let names = method.method, names == "all" || names.contains(",") else { return nil }
    if names == "all" { return MethodTable.standard.methods }
    return try names.split(separator: ",").map {
      try MethodTable.standard.method(named: $0.trimmingCharacters(in: .whitespaces))
    }
  }

  private func compare(_ methods: [Method]) throws {
    var job = MethodsComparisonJob(methods)
    var open = method
    open.method = nil
    (job.minutes, job.layers) = (written.budget, method.layers.patterns)
    job.scoring = try open.request(diagnosesDamping: diagnosis.diagnose ?? .none)
    let result = try job.run(in: try common.session(runName))
    if let report = written.report { try Console.write(result.page, to: report) }
    try Console.answer(result.answer, json: written.json)
  }

  func validate() throws {
    try CommonOptions.requireHDF5Name(written.out)
    let isSeveral = method.method.map { $0 == "all" || $0.contains(",") } ?? false
    if isSeveral && (written.out != nil || fusing.fuse != nil || question.split == .train) {
      throw ValidationError("several methods score test examples into files of their own names")
    }
    if !isSeveral,
      let stray = written.budget != nil ? "--budget" : written.report.map({ _ in "--report" })
    {
      throw ValidationError("\(stray) is for several methods: --method all, or a,b")
    }
    if let budget = written.budget, !(budget > 0) {
      throw ValidationError("--budget takes minutes above 0, not \(budget)")
    }
    if fusing.fuse != nil && question.split == .train {
      throw ValidationError(
        "--fuse is for test examples: a bank holds no outputs on the training set")
    }
  }

  func run() throws {
    common.begin()
    if let methods = try several() { return try compare(methods) }
    var job = ScoreJob()
    (job.part, job.out, job.bank) = (question.split, written.out, fusing.fuse)
    job.layers = method.layers.patterns
    job.scoring = try method.request(diagnosesDamping: diagnosis.diagnose ?? .last)
    job.diagnosis = diagnosis.extent
    let answer = try job.run(in: try common.session(runName))
    if written.json { Console.output(try answer.json()) }
  }
}
