import ArgumentParser
import Datasets
import Evaluation
import Influence
import Randomness
import Training

/// Options of `evaluate brittleness`.
struct BrittlenessOptions: ParsableArguments {
  @Option(
    help: "Brittleness: test ids such as 3,17 (default: a sample of those predicted rightly).")
  var test: String?
  @Option(help: "Brittleness: queries in the sample (default: 10).") var count: Int?
  @Option(help: "Brittleness: numbers of examples to remove (default: 1, 2, 5, 10 and 20 %).")
  var removals: String?
  @Option(help: "Brittleness: models of each removal, which vote (default: 3).")
  var models: Int?
  @Option(help: "Brittleness: random removals of each size (default: 3).") var draws: Int?
  @Option(help: "Brittleness: models to train at the most (default: 500).") var budget: Int?
  @Option(
    help:
      "Brittleness of texts: share by which the loss rises when a passage flips (default: 0.05).")
  var rise: Double?
  @Flag(help: "Brittleness: replace a bank that was made from something else.")
  var overwrite = false

  /// The first option that was given.
  var given: String? {
    [
      ("--test", test != nil), ("--count", count != nil), ("--removals", removals != nil),
      ("--models", models != nil), ("--draws", draws != nil), ("--budget", budget != nil),
      ("--rise", rise != nil),
      ("--overwrite", overwrite),
    ].first { $0.1 }?.0
  }

  func validate() throws {
    for (name, value, range) in [
      ("--count", count, 1...100_000), ("--models", models, 1...1_000), ("--draws", draws, 1...100),
      ("--budget", budget, 1...10_000_000),
    ] {
      if let value, !range.contains(value) {
        throw ValidationError(
          "\(name) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
      }
    }
    if let rise, !(rise > 0 && rise.isFinite) {
      throw ValidationError("--rise must be above 0, such as 0.05, not \(rise)")
    }
    if test != nil && count != nil { throw ValidationError("give --test or --count, not both") }
  }

  /// The sizes of removal for n training examples.
  func sizes(of count: Int) throws -> [Int] {
    guard let removals else {
      return Set(
        [0.01, 0.02, 0.05, 0.1, 0.2].map { max(1, Int(($0 * Double(count)).rounded())) }
      ).filter { $0 < count }.sorted()
    }
    let words = removals.split(separator: ",").map { String($0).trimmed }
    let sizes = words.compactMap { Int($0) }.filter { (1..<count).contains($0) }
    guard sizes.count == words.count, !sizes.isEmpty else {
      throw ValidationError(
        "--removals takes numbers from 1 to \(count - 1) such as 10,20,50, not '\(removals)'")
    }
    return Set(sizes).sorted()
  }

  /// The design, its rankings by each query's own scores.
  func design(_ setup: ScoringSetup, _ asked: EvaluationQueries) throws -> SubsetDesign {
    let data = setup.influence.data
    if rise != nil && (!setup.influence.isSequence || asked.token != nil) {
      throw EvaluationError.design(
        problem: "a rise of the loss is for whole sequences; others flip by their prediction",
        option: "--rise", remedy: "leave --rise out")
    }
    let rows = try queries(setup, asked)
    let sizes = try sizes(of: data.train.count)
    let (draws, models) = (draws ?? 3, models ?? 3)
    let perQuery = sizes.count * models
    let shared = (1 + draws * sizes.count) * models
    let needed = rows.count * perQuery + shared
    let limit = budget ?? 500
    guard needed <= limit else {
      let room = max(0, (limit - shared) / perQuery)
      throw EvaluationError.design(
        problem: "\(rows.count) queries × \(sizes.count) removals × \(models) models, and "
          + "\(shared) models shared by them, are \(needed), more than the budget of \(limit)",
        option: "--budget",
        remedy: room > 0
          ? "ask about \(room) queries, or raise --budget" : "raise --budget to \(needed)")
    }
    let scores = try setup.scorer.scores(try asked.subset(rows))
    return try .brittleness(
      orders: rows.enumerated().map {
        (query: $1, order: RemovalRanking.order(of: scores.row($0)))
      },
      counts: sizes, draws: draws, of: data.train.count,
      ranking: SubsetRanking(
        try setup.description(), queries: "each query's own", token: asked.token))
  }

  /// The rise of the loss that counts.
  var standingRise: Double { rise ?? 0.05 }

  private func queries(_ setup: ScoringSetup, _ asked: EvaluationQueries) throws -> [Int] {
    let data = setup.influence.data.test
    guard setup.influence.isClassification else {
      throw EvaluationError.notDefined(
        kind: "brittleness", reason: "the targets are numbers, and no prediction flips",
        run: setup.influence.run.name,
        remedy: "use ascribe evaluate \(setup.influence.run.name) removal")
    }
    if let test { return try data.rows(named: test, option: "--test") }
    let right = try predictedRightly(setup.influence, asked)
    guard !right.isEmpty else {
      throw EvaluationError.notDefined(
        kind: "brittleness",
        reason: "the run predicts no test example\(asked.token == nil ? "" : "'s token") rightly",
        run: setup.influence.run.name, remedy: "name test ids with --test")
    }
    return RandomStream(seed: 0, purpose: .subset, index: 2 << 32)
      .sample(min(count ?? 10, right.count), of: right.count).map { right[$0] }.sorted()
  }

  /// The rows to draw from: those that the run predicts rightly; of whole sequences all.
  private func predictedRightly(
    _ influence: RunInfluence, _ asked: EvaluationQueries
  ) throws -> [Int] {
    guard influence.isSequence else {
      let correct = try influence.predictions(for: asked.test).correct
      return asked.rows.filter { correct[$0] }
    }
    guard asked.token != nil else { return asked.rows }
    let outputs = try influence.sequenceOutputs(for: asked.data)
    guard let place = SequenceOutputs.functions.firstIndex(of: .hardMargin) else { return [] }
    return zip(asked.rows, outputs.sums[place]).filter { $0.1 > 0 }.map(\.0)
  }
}
