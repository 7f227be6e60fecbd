import ArgumentParser
import Influence
import Session

/// Options of `retrain` that say which subsets; each belongs to one design.
struct DesignOptions: ParsableArguments {
  @Option(help: "Random: number of subsets (default: 50).") var subsets: Int?
  @Option(help: "Random: share of the training set in each (default: 0.5).")
  var fraction: Double?
  @Flag(help: "The run itself without the examples, in place of models of other seeds.")
  var sameRun = false
  @Option(help: "Same run: share of the training set that is taken away (default: 0.01).")
  var removed: Double?
  @Option(help: "Seed of all random choices of examples.") var subsetSeed: UInt64 = 0
  @Option(help: "Leave-one-out: training ids such as 3,17, or @FILE with one a line.")
  var ids: String?
  @Option(help: "Leave-one-out: examples of a random sample, without --ids (default: 50).")
  var count: Int?
  @Option(help: "Removal: shares of the training set (default: 0.05,0.1,0.2,0.3).")
  var fractions: String?
  @Option(help: "Removal: random removals of each size (default: 3).") var draws: Int?
  @Option(help: "Removal: helpful for the mean of these test ids, or of all (default).")
  var test: String?
  @Option(help: "Removal, sequences: helpful for this token of the test examples alone, from 1.")
  var token: Int?
  @Option(help: "Removal: the method that ranks, with its defaults (default: the run's).")
  var method: String?
  @Option(help: "Removal: rank by a file of `ascribe score`, whatever its options were.")
  var scores: String?

  /// Refuses options of another design.
  func requireFit(for design: String) throws {
    let owners: [(option: String, isGiven: Bool, design: String)] = [
      ("--subsets", subsets != nil, "random"), ("--fraction", fraction != nil, "random"),
      ("--ids", ids != nil, "leave-one-out"), ("--count", count != nil, "leave-one-out"),
      ("--fractions", fractions != nil, "removal"), ("--draws", draws != nil, "removal"),
      ("--test", test != nil, "removal"), ("--method", method != nil, "removal"),
      ("--scores", scores != nil, "removal"), ("--token", token != nil, "removal"),
    ]
    if removed != nil && (!sameRun || design != "random") {
      throw ValidationError("--removed is for --same-run without --design")
    }
    if sameRun {
      if ["leave-one-out", "removal"].contains(design) {
        throw ValidationError("--same-run takes random removals or a file of subsets")
      }
      if fraction != nil { throw ValidationError("--same-run takes --removed, not --fraction") }
    }
    if let stray = owners.first(where: { $0.isGiven && $0.design != design }) {
      throw ValidationError("\(stray.option) is for --design \(stray.design), not \(design)")
    }
    if ids != nil && count != nil { throw ValidationError("give --ids or --count, not both") }
    if method != nil && scores != nil {
      throw ValidationError("give --method or --scores, not both")
    }
    if token != nil && scores != nil {
      throw ValidationError("--token is not for --scores: the file was scored already")
    }
    if let fractions { _ = try DesignOptions.shares(fractions) }
  }

  /// The design asked for: `random`, `leave-one-out`, `removal` or a file.
  func design(_ name: String) throws -> RetrainJob.Design {
    switch name {
    case "random" where sameRun:
      return .sameRun(removed: removed ?? 0.01, subsets: subsets ?? 30)
    case "random": return .random(subsets: subsets ?? 50, fraction: fraction ?? 0.5)
    case "leave-one-out":
      return ids.map { .leaveOneOut(ids: $0) } ?? .leaveOneOutSample(count: count)
    case "removal":
      var request = RemovalRequest()
      if let fractions { request.fractions = try DesignOptions.shares(fractions) }
      if let draws { request.draws = draws }
      if let test { request.test = test }
      request.token = token
      request.ranking =
        try scores.map { .scores($0) }
        ?? .method(try method.map { try MethodTable.standard.method(named: $0) })
      return .removal(request)
    default: return sameRun ? .sameRunFile(name) : .file(name)
    }
  }

  private static func shares(_ text: String) throws -> [Double] {
    try CommonOptions.list(
      text, refused: "--fractions takes numbers such as 0.05,0.1, not '\(text)'")
  }
}
