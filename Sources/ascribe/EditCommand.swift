import ArgumentParser
import Components
import Networks
import Session

extension EditScore: ExpressibleByArgument {}
extension EditJob.Purpose: ExpressibleByArgument {}

/// `ascribe edit`.
struct EditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit",
    abstract: "Take parts of the network away so that a target changes and the rest stays.",
    discussion: """
      A set is test ids (17 or 3,5), misclassified, class:NAME, column=value with --metadata, or
      file:PATH, a file like the run's own with labels.

        ascribe edit digits --target 17                    make one test example right
        ascribe edit digits --target class:3               forget a class
        ascribe edit digits --target file:triggered.npz    answer by what the images show
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "The examples that it is for.") var target: String
  @Option(help: "The examples that it is to spare (default: all others).") var reference: String?
  @Option(help: "A CSV file with a header, for column=value.") var metadata: String?
  @Option(help: "fix, forget, lift or backdoor (default: as the target suggests).")
  var job: EditJob.Purpose?
  @Option(
    help: "welch (COAR-Edit), gain or verified (default: the best on examples held out).")
  var score: EditScore?
  @Option(help: "What may be lost on the reference, in accuracy (default: .005 to .02 by job).")
  var allowedLoss: Double?
  @Option(help: "Write the edit as JSON, for ascribe outputs --edit.") var out: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var parts: ComponentOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let out, !out.hasSuffix(".json") {
      throw ValidationError("--out takes a name that ends in .json, not '\(out)'")
    }
    if let allowedLoss, !(allowedLoss >= 0) {
      throw ValidationError("--allowed-loss must be at least 0, not \(allowedLoss)")
    }
  }

  func run() throws {
    common.begin()
    var edit = EditJob(
      target: try EditTarget(target, metadata: metadata, field: "‹target›"))
    edit.reference = try reference.map {
      try EditTarget($0, metadata: metadata, field: "‹reference›")
    }
    (edit.purpose, edit.allowedLoss, edit.out) = (job, allowedLoss, out)
    if let score { edit.scores = [score] }
    edit.components = try parts.job()
    try Console.answer(try edit.run(in: try common.session(runName)), json: json)
  }
}
