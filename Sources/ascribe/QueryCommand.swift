import ArgumentParser
import Influence
import Networks
import Session

/// `ascribe query`.
struct QueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "The training examples that helped and harmed an answer.")

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @OptionGroup(title: HelpSection.asked) var question: Question
  @OptionGroup(title: HelpSection.scored) var method: MethodOptions
  @OptionGroup(title: HelpSection.scored) var fusing: FuseOptions
  @OptionGroup(title: HelpSection.scored) var kept: KeptScores
  @OptionGroup(title: HelpSection.written) var diagnosis: DiagnosisOptions
  @OptionGroup(title: HelpSection.written) var written: Written
  @OptionGroup(title: HelpSection.machine) var common: CommonOptions

  /// What is asked.
  struct Question: ParsableArguments {
    @Option(help: "Test ids such as 17 or 3,5; misclassified; unlabelled; or all: their mean.")
    var test: String?
    @Option(
      help: ArgumentHelp(
        "A file that is in no split, read as the run's data: picture, rows, array, text.",
        valueName: "file"))
    var input: String?
    @Option(
      name: .customLong("class"),
      help: ArgumentHelp(
        "The class that --input, or a test example without a label, is asked about, by name or number (default: its label, else the predicted class).",
        valueName: "class"))
    var askedClass: String?
    @Option(help: "Helpful and harmful examples to show.") var top = 10
    @Option(help: "Queries to show at the most, with misclassified.") var limit = 20
    @Option(
      help: "The token of the query, from 1, whose prediction is asked about (default: all).")
    var token: Int?
    @Flag(help: "Take the scores apart by token, of the shown passages and of the query.")
    var tokens = false
    @Option(
      help: ArgumentHelp(
        "Take the scores apart by layer (layers), or by layer and by kinds of parts: filters, neurons, heads; attentions, mlps, blocks.",
        valueName: "kinds"))
    var components: String?

    func validate() throws {
      _ = try job()
      if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
      if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
    }

    /// The job asked for, without its scoring.
    func job() throws -> QueryJob {
      var job: QueryJob
      switch (test, input) {
      case (.some, .some):
        throw ValidationError(
          "--input is not for --test: it asks about a file in place of test ids")
      case (nil, nil):
        throw ValidationError("give --test IDS, or --input FILE for what is in no split")
      case (let test?, nil):
        job = QueryJob(test: test)
        job.unlabelledClass = askedClass
      case (nil, let input?): job = QueryJob(input: QueryInput(file: input, class: askedClass))
      }
      (job.top, job.limit, job.token, job.byToken) = (top, limit, token, tokens)
      job.byComponent = try split()
      return job
    }

    private func split() throws -> ScoreSplit? {
      try components.map {
        ["layer", "layers"].contains($0)
          ? .layers : .components(try ComponentGroup.Kind.list($0, option: "--components"))
      }
    }
  }

  /// Scores that are there already.
  struct KeptScores: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Answer from a file of `ascribe score` on test examples; nothing is computed.",
        valueName: "file"))
    var scores: String?
  }

  /// Where the answer goes.
  struct Written: ParsableArguments {
    @Option(help: ArgumentHelp("Write the answer as CSV.", valueName: "file")) var csv: String?
    @Option(
      help: ArgumentHelp("Write the answer as a self-contained HTML page.", valueName: "file"))
    var report: String?
    @Flag(help: "Print one JSON object.") var json = false
  }

  func validate() throws {
    if fusing.fuse != nil && question.tokens {
      throw ValidationError("--tokens is not for scores fused with a bank, which are no such sums")
    }
    if fusing.fuse != nil && question.components != nil {
      throw ValidationError(
        "--components is not for scores fused with a bank, which are no such sums")
    }
    let own = [
      ("--fuse", fusing.fuse != nil), ("--diagnose", diagnosis.diagnose != nil),
      ("--tokens", question.tokens), ("--token", question.token != nil),
      ("--components", question.components != nil),
    ]
    let given = method.given + own.filter(\.1).map(\.0)
    if kept.scores != nil && !given.isEmpty {
      throw ValidationError(
        "\(given.joined(separator: ", ")) \(given.count == 1 ? "is" : "are") not for --scores: "
          + "the file was scored already")
    }
  }

  func run() throws {
    common.begin()
    var job = try question.job()
    (job.scores, job.bank, job.layers) = (kept.scores, fusing.fuse, method.layers.patterns)
    job.scoring = try method.request(diagnosesDamping: diagnosis.diagnose ?? .last)
    job.diagnosis = diagnosis.extent
    let result = try job.run(in: try common.session(runName))
    if let csv = written.csv { try Console.write(result.answer.csv, to: csv, says: false) }
    if let report = written.report { try Console.write(try result.page(), to: report) }
    try Console.answer(result.answer, json: written.json)
  }
}
