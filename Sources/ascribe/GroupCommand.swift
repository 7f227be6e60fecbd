import ArgumentParser
import Influence
import Session

/// `ascribe group`.
struct GroupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "group",
    abstract: "What leaving out a group of training examples does to answers.",
    discussion: """
      additive: the sum of the group's scores, each example taken as if the others
        stayed.
      exact: the ridge model behind the method, refitted without the group in closed
        form.
      Positive: the group helped the query.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @OptionGroup(title: HelpSection.asked) var question: Question
  @OptionGroup(title: HelpSection.scored) var method: MethodOptions
  @OptionGroup(title: HelpSection.written) var diagnosis: DiagnosisOptions
  @OptionGroup(title: HelpSection.written) var written: JSONOption
  @OptionGroup(title: HelpSection.machine) var common: CommonOptions

  /// What is asked.
  struct Question: ParsableArguments {
    @Option(help: "Ids of training examples, such as 3,5,8.") var ids: String?
    @Option(name: .customLong("class"), help: "All training examples of a class.")
    var className: String?
    @Option(
      help: ArgumentHelp(
        "All training examples with a value in a column of --metadata.", valueName: "column=value"))
    var `where`: String?
    @Option(help: "A CSV file with a header: the column `id` (or the first) has the ids.")
    var metadata: String?
    @Option(help: "Test ids such as 17 or 3,5; misclassified; or all.") var test: String
    @Option(
      help: "The token of the queries, from 1, whose prediction is asked about (default: all).")
    var token: Int?
    @Option(help: "Queries to show at the most, with misclassified and in the table.")
    var limit = 20

    func validate() throws {
      guard [ids, className, `where`].count(where: { $0 != nil }) == 1 else {
        throw ValidationError("name the group by either --ids or --class or --where")
      }
      guard (`where` == nil) == (metadata == nil), `where`?.contains("=") != false else {
        throw ValidationError("--where COLUMN=VALUE and --metadata FILE go together")
      }
      if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
    }

    /// The group asked about.
    var group: GroupJob.Group {
      if let className { return .label(className) }
      if let condition = `where`, let metadata { return .where(condition, metadata: metadata) }
      return .ids(ids ?? "")
    }
  }

  func run() throws {
    common.begin()
    var job = GroupJob(group: question.group, test: question.test)
    (job.limit, job.token, job.layers) = (
      question.limit, question.token, method.layers.patterns
    )
    job.scoring = try method.request(diagnosesDamping: diagnosis.diagnose ?? .none)
    job.diagnosis = diagnosis.extent
    let answer = try job.run(in: try common.session(runName))
    Console.output(written.json ? try answer.json() : answer.text(limit: question.limit))
  }
}
