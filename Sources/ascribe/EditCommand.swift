import ArgumentParser
import Components
import Networks
import Session

extension EditScore: ExpressibleByArgument {}

/// What an edit is for, as the command line has it.
enum EditPurpose: String, CaseIterable, ExpressibleByArgument {
  case fix, forget, lift, backdoor, shrink
}

/// `ascribe edit`.
struct EditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit",
    abstract: "Take parts of the network away so that a target changes and the rest stays.",
    discussion: """
      A set is test ids (17 or 3,5), misclassified, class:NAME, column=value with
      --metadata, or file:PATH, a file like the run's own with labels.

        ascribe edit digits --target 17                  make one test example right
        ascribe edit digits --target class:3             forget a class
        ascribe edit digits --target file:triggered.npz  ignore a trigger
        ascribe edit digits --job shrink --share 0.2     cut a fifth of it out
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "The examples that it is for; none of shrink.") var target: String?
  @Option(help: "The examples that it is to spare (default: all others).") var reference: String?
  @Option(help: "A CSV file with a header, for column=value.") var metadata: String?
  @Option(help: "fix, forget, lift, backdoor (default: as the target suggests) or shrink.")
  var job: EditPurpose?
  @Option(help: "Of shrink: the share of filters and neurons that is cut out (default: 0.2).")
  var share: Double?
  @Option(
    help: "welch (COAR-Edit), gain or verified (default: the best on examples held out).")
  var score: EditScore?
  @Option(help: "What may be lost on the reference, in accuracy (default: .005 to .02 by job).")
  var allowedLoss: Double?
  @Option(help: "Take at most so many parts away (default: two fifths of them).")
  var most: Int?
  @Option(
    help:
      "Write the edit (.json, for ascribe outputs --edit), or weights that have it in them (.safetensors)."
  )
  var out: String?
  @Option(help: "Make a new run of this name whose weights have the edit in them.")
  var bake: String?
  @Flag(help: "Replace a run of that name.") var overwrite = false
  @Option(help: "Write the answer as a self-contained HTML page.") var report: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var parts: ComponentOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let out, !out.hasSuffix(".json"), !out.hasSuffix(".safetensors") {
      throw ValidationError(
        "--out takes a name that ends in .json or .safetensors, not '\(out)'")
    }
    if let allowedLoss, !(allowedLoss >= 0) {
      throw ValidationError("--allowed-loss must be at least 0, not \(allowedLoss)")
    }
    if let most, most < 1 { throw ValidationError("--most must be at least 1, not \(most)") }
    if overwrite && bake == nil { throw ValidationError("--overwrite goes with --bake") }
    if job == .shrink {
      let other: (String, Bool)? = [
        ("--target", target != nil), ("--reference", reference != nil),
        ("--metadata", metadata != nil), ("--score", score != nil),
        ("--allowed-loss", allowedLoss != nil), ("--most", most != nil),
      ].first { $0.1 }
      if let other {
        throw ValidationError(
          "\(other.0) is not for --job shrink, which is judged on all test examples")
      }
    } else if target == nil {
      throw ValidationError("name the examples with --target, or write --job shrink")
    } else if share != nil {
      throw ValidationError("--share goes with --job shrink")
    }
  }

  func run() throws {
    common.begin()
    let session = try common.session(runName)
    var weights = EditedWeights()
    (weights.run, weights.overwrites) = (bake, overwrite)
    weights.checkpointsFolder = common.checkpointsFolder
    if let out, out.hasSuffix(".safetensors") { weights.file = out }
    let edit = out.flatMap { $0.hasSuffix(".json") ? $0 : nil }
    guard let target, job != .shrink else {
      var shrink = ShrinkJob()
      if let share { shrink.share = share }
      let method = shrink.components.method
      (shrink.components, shrink.weights, shrink.out) = (try parts.job(), weights, edit)
      shrink.components.method = parts.method ?? method
      let result = try shrink.run(in: session)
      if let report { try Console.write(result.page, to: report) }
      return try Console.answer(result.answer, json: json)
    }
    var found = EditJob(
      target: try EditTarget(target, metadata: metadata, field: "‹target›"))
    found.reference = try reference.map {
      try EditTarget($0, metadata: metadata, field: "‹reference›")
    }
    found.purpose = job.flatMap { EditJob.Purpose(rawValue: $0.rawValue) }
    (found.allowedLoss, found.out, found.weights) = (allowedLoss, edit, weights)
    found.most = most
    if let score { found.scores = [score] }
    found.components = try parts.job()
    found.ablation = parts.ablation == nil ? nil : found.components.ablation
    let result = try found.run(in: session)
    if let report { try Console.write(result.page, to: report) }
    try Console.answer(result.answer, json: json)
  }
}
