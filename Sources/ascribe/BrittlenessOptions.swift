import ArgumentParser
import Session

/// Options of `evaluate brittleness`.
struct BrittlenessOptions: ParsableArguments {
  @Option(
    help: "Test ids such as 3,17 (default: a sample of those predicted rightly).")
  var test: String?
  @Option(help: "Queries in the sample (default: 10).") var count: Int?
  @Option(help: "Numbers of examples to remove (default: 1, 2, 5, 10 and 20 %).")
  var removals: String?
  @Option(help: "Models of each removal, which vote (default: 3).")
  var models: Int?
  @Option(help: "Random removals of each size (default: 3).") var draws: Int?
  @Option(help: "Models to train at the most (default: 500).") var budget: Int?
  @Option(
    help:
      "Texts: share by which the loss rises when a passage flips (default: 0.05).")
  var rise: Double?
  @Flag(help: "Replace a bank that was made from something else.")
  var overwrite = false

  /// The first option that was given.
  var given: String? {
    [
      ("--test", test != nil), ("--count", count != nil), ("--removals", removals != nil),
      ("--models", models != nil), ("--draws", draws != nil), ("--budget", budget != nil),
      ("--rise", rise != nil), ("--overwrite", overwrite),
    ].first { $0.1 }?.0
  }

  func validate() throws {
    if test != nil && count != nil { throw ValidationError("give --test or --count, not both") }
    _ = try sizes()
  }

  /// The job asked for, without its bank and its scoring.
  func job() throws -> BrittlenessJob {
    var job = BrittlenessJob()
    (job.test, job.removals, job.overwrites) = (test, try sizes(), overwrite)
    if let count { job.count = count }
    if let models { job.models = models }
    if let draws { job.draws = draws }
    if let budget { job.budget = budget }
    job.rise = rise
    return job
  }

  private func sizes() throws -> [Int]? {
    guard let removals else { return nil }
    return try CommonOptions.list(
      removals, refused: "--removals takes numbers such as 10,20,50, not '\(removals)'")
  }
}
