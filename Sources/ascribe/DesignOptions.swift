import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Influence
import Training

/// Options of `retrain` that say which subsets; each belongs to one design.
struct DesignOptions: ParsableArguments {
  @Option(help: "Random: number of subsets (default: 50).") var subsets: Int?
  @Option(help: "Random: share of the training set in each (default: 0.5).")
  var fraction: Double?
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
    if let draws, !(1...100).contains(draws) {
      throw ValidationError("--draws must be from 1 to 100, not \(draws)")
    }
  }

  /// The run with its data, and the design.
  func make(
    _ design: String, run name: String, _ common: CommonOptions
  ) throws -> (RunInfluence, SubsetDesign) {
    if design == SubsetDesign.Kind.removal.rawValue { return try removal(name, common) }
    let influence = try RunInfluence(
      try Run.open(name, checkpointsFolder: common.checkpointsFolder))
    let train = influence.data.train
    let made: SubsetDesign
    switch design {
    case SubsetDesign.Kind.random.rawValue:
      made = try SubsetDesign(
        subsets: subsets ?? 50, fraction: fraction ?? 0.5, seed: subsetSeed)
    case SubsetDesign.Kind.leaveOneOut.rawValue:
      if let ids {
        made = try .leaveOneOut(rows: try train.rows(named: ids, option: "--ids"), of: train.count)
      } else {
        made = try .leaveOneOut(
          sampling: count ?? min(50, train.count), of: train.count, seed: subsetSeed)
      }
    default:
      guard FileManager.default.fileExists(atPath: design) else {
        throw EvaluationError.design(
          problem: "there is no design and no file '\(design)'", option: "--design",
          remedy: "name random, leave-one-out, removal or a file of subsets")
      }
      made = try .list(try SubsetFile.rows(design, in: train), of: train.count)
    }
    return (influence, made)
  }

  private func removal(
    _ name: String, _ common: CommonOptions
  ) throws -> (RunInfluence, SubsetDesign) {
    let words = (fractions ?? "0.05,0.1,0.2,0.3").split(separator: ",").map {
      String($0).trimmed
    }
    let shares = words.compactMap { Double($0) }
    guard shares.count == words.count, !shares.isEmpty else {
      throw ValidationError(
        "--fractions takes numbers such as 0.05,0.1, not '\(fractions ?? "")'")
    }
    let (influence, ranking) =
      if let scores {
        try RemovalRanking.read(scores, run: name, test: test ?? "all", common)
      } else {
        try RemovalRanking.computed(
          method, run: name, test: test ?? "all", token: token, common)
      }
    return (
      influence,
      try .removal(
        order: ranking.order, fractions: shares, draws: draws ?? 3, seed: subsetSeed,
        queries: ranking.queries, ranking: ranking.record)
    )
  }
}

extension Dataset {
  /// Rows of ids such as `3,17`, or of those in a file, one a line: `@FILE`.
  func rows(named text: String, option: String) throws -> [Int] {
    let isFile = text.hasPrefix("@")
    let ids =
      isFile
      ? try readIDs(String(text.dropFirst()))
      : text.split(separator: ",").map { ExampleID(String($0).trimmed) }
    if ids.isEmpty { throw ValidationError("\(option) names no example") }
    let rows = try rows(of: ids, in: isFile ? String(text.dropFirst()) : option)
    guard Set(rows).count == rows.count else {
      throw ValidationError("\(option) names an example twice")
    }
    return rows
  }
}
