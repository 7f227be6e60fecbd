import ArgumentParser
import Curation
import Session

/// `ascribe prune`.
struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Keep a part of the training examples, and prove that it is better than chance.",
    discussion: """
      --prove trains each choice with several seeds beside as many different random
      subsets of the same size, the whole set and the choice turned around, and says
      better, worse or unresolved. Interrupted, it goes on model by model and leaves
      the same bytes.

        ascribe prune digits --keep 0.9,0.5                  what is kept, and why
        ascribe prune digits --keep 0.5 --prove              better than random?
        ascribe prune digits --strategy aum,el2n --keep 0.7  other ways to choose
        ascribe prune digits --drop @ids.txt --prove         one's own choice
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @OptionGroup(title: HelpSection.asked) var question: Question
  @OptionGroup(title: "How it is proved") var trial: Trial
  @OptionGroup(title: HelpSection.written) var written: Written
  @OptionGroup(title: HelpSection.machine) var common: CommonOptions

  /// What is asked.
  struct Question: ParsableArguments {
    @Option(help: "Shares of the training examples to keep (default: 0.9,0.5).")
    var keep: String?
    @Option(
      help: ArgumentHelp(
        "Strategies (default: recipe): \(PruneStrategies.standard.names.joined(separator: ", ")).",
        valueName: "names"))
    var strategy: String?
    @Option(
      help: ArgumentHelp(
        "Instead of a strategy: ids to drop such as 3,17, or @FILE with one a line.",
        valueName: "ids"))
    var drop: String?
    @Option(help: "Seed of all that is drawn.") var subsetSeed: UInt64 = 0
  }

  /// How it is proved.
  struct Trial: ParsableArguments {
    @Flag(help: "Train models that compare each choice with random ones of the same size.")
    var prove = false
    @Flag(
      help:
        "Compare the strategies on training examples held out, and prove the best at each share (default: five of them)."
    )
    var tournament = false
    @Option(help: "Models of each chosen subset (default: 5).") var seeds: Int?
    @Option(help: "Random subsets of each size, a model each (default: 10).")
    var randomSubsets: Int?
  }

  /// Where the answer goes.
  struct Written: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Write the training data that are kept in their own format; of several results a folder each.",
        valueName: "folder"))
    var write: String?
    @Option(
      help: ArgumentHelp(
        "Write every example with the decision and why, as CSV.", valueName: "file"))
    var out: String?
    @Option(help: ArgumentHelp("Write a self-contained HTML page.", valueName: "file"))
    var report: String?
    @Flag(help: "Print one JSON object.") var json = false
  }

  func validate() throws {
    if question.drop != nil,
      let stray = [("--keep", question.keep), ("--strategy", question.strategy)]
        .first(where: { $0.1 != nil })
    {
      throw ValidationError("\(stray.0) is not for --drop, which names the examples itself")
    }
    let stray = [("--seeds", trial.seeds), ("--random-subsets", trial.randomSubsets)].first {
      $0.1 != nil
    }
    if let stray, !trial.prove && !trial.tournament {
      throw ValidationError("\(stray.0) is for --prove")
    }
    if trial.tournament && question.drop != nil {
      throw ValidationError("--tournament is for strategies, and --drop names the examples itself")
    }
    _ = try shares()
  }

  private func shares() throws -> [Double]? {
    guard let keep = question.keep else { return nil }
    let shares = keep.split(separator: ",").map { Double($0.trimmingCharacters(in: .whitespaces)) }
    let numbers = shares.compactMap { $0 }
    guard !shares.isEmpty, numbers.count == shares.count else {
      throw ValidationError("--keep takes shares such as 0.9,0.5, not '\(keep)'")
    }
    return numbers
  }

  func run() throws {
    common.begin()
    var job = PruneJob()
    if let shares = try shares() { job.keep = shares }
    if let names = question.strategy {
      job.strategies = names.split(separator: ",").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    } else if trial.tournament {
      job.strategies = PruneJob.candidates
    }
    (job.drop, job.subsetSeed) = (question.drop, question.subsetSeed)
    (job.proves, job.holdsTournament) = (trial.prove || trial.tournament, trial.tournament)
    if let seeds = trial.seeds { job.seeds = seeds }
    if let subsets = trial.randomSubsets { job.randomSubsets = subsets }
    job.write = written.write
    let result = try job.run(in: try common.session(runName))
    if let out = written.out { try Console.write(result.answer.csv, to: out) }
    if let report = written.report { try Console.write(try result.page(), to: report) }
    try Console.answer(result.answer, json: written.json)
  }
}
