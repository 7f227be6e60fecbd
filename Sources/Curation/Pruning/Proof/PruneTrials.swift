// Letters: n training examples, m test examples, k kept, S seeds, J random subsets.
import Datasets
import Evaluation
import Networks
import Randomness

/// The models that prove some prunings of one training set: which subset each is trained on, and with
/// which seed.
package struct PruneTrials: Sendable {
  /// The models of one pruning, as subsets of the design.
  package struct Case: Sendable {
    let chosen, opposite, random: [Int]
  }

  /// All models, a subset each.
  package let design: SubsetDesign
  /// In the order of the prunings.
  package let cases: [Case]
  /// Those of all examples.
  let whole: [Int]

  /// Random subsets unless told otherwise.
  package static let standardRandomSubsets = 10
  /// Seeds of the chosen subset unless told otherwise.
  package static let standardSeeds = 5

  /// - Parameters:
  ///   - selections: what is proved.
  ///   - seeds: S; random subset j has seed j mod S.
  ///   - randomSubsets: J of every size.
  ///   - firstSeed: the first of the seeds, as a bank counts them.
  ///   - drawSeed: of the random subsets.
  /// - Throws: `EvaluationError.design` for more models than a bank takes.
  package init(
    _ selections: [PruneSelection], of count: Int, seeds: Int, randomSubsets: Int,
    firstSeed: Int = 0, drawSeed: UInt64
  ) throws {
    var list = ModelList(of: count, firstSeed: firstSeed)
    whole = list.append(.full, Array(0..<count), seeds: 0..<seeds)
    var randoms: [Int: [Int]] = [:]
    var cases: [Case] = []
    for selection in selections {
      let kept = selection.kept.count
      if randoms[kept] == nil {
        randoms[kept] = (0..<randomSubsets).flatMap { draw in
          let rows = RandomStream(
            seed: drawSeed, purpose: .subset, index: PruneTrials.draws + UInt64(draw)
          ).sample(kept, of: count)
          return list.append(
            .random, rows.sorted(), seeds: draw % seeds..<draw % seeds + 1, draw: draw)
        }
      }
      cases.append(
        Case(
          chosen: list.append(.pruned, selection.kept, seeds: 0..<seeds),
          opposite: selection.opposite.map {
            list.append(.opposite, $0, seeds: 0..<seeds)
          } ?? [], random: randoms[kept] ?? []))
    }
    self.cases = cases
    design = try .pruning(list.members, roles: list.roles, of: count)
  }

  /// Where the streams of the random subsets begin, apart from those of strategies.
  private static let draws: UInt64 = 2 << 32

  /// What a bank of the design says of every pruning.
  ///
  /// - Throws: errors of reading the bank.
  package func proofs(_ bank: RetrainingBank, test: Dataset) throws -> [PruneProof] {
    let values = try PruneTrials.values(bank, test)
    return cases.map { one in
      PruneProof(
        chosen: one.chosen.map { values[$0] }, random: one.random.map { values[$0] },
        whole: whole.map { values[$0] }, opposite: one.opposite.map { values[$0] })
    }
  }

  /// What each model is worth on each test example, models × m: 100 where it is right, else 0; of
  /// numbers and sequences minus the loss, the mean over examples being that of all tokens.
  package static func values(_ bank: RetrainingBank, _ test: Dataset) throws -> [[Double]] {
    let queries = try EvaluationQueries(test)
    let function: OutputFunction
    let scale: (Int) -> Double
    switch test.targets {
    case .classes: (function, scale) = (.hardMargin, { _ in 1 })
    case .values: (function, scale) = (.negativeHalfSquaredError, { _ in 1 })
    case .tokens:
      let tokens = Double(max(1, queries.targetCounts.reduce(0, +)))
      (function, scale) = (.loss, { _ in Double(test.count) / tokens })
    }
    let outputs = try bank.outputs(function, of: queries)[0]
    return (0..<outputs.rows).map { model in
      outputs.row(model).enumerated().map { example, value in
        function == .hardMargin ? (value > 0 ? 100 : 0) : Double(value) * scale(example)
      }
    }
  }

  /// Per cent right of each class, by the chosen subset, random ones and all examples.
  package func byClass(
    _ one: Int, _ bank: RetrainingBank, test: Dataset
  ) throws -> [(chosen: Double, random: Double, whole: Double)] {
    guard let classes = test.classes else { return [] }
    let values = try PruneTrials.values(bank, test)
    func means(_ models: [Int]) -> [Double] {
      var (sum, count) = (
        [Double](repeating: 0, count: test.classCount),
        [Double](repeating: 0, count: test.classCount)
      )
      for model in models {
        for (value, label) in zip(values[model], classes) {
          sum[Int(label)] += value
          count[Int(label)] += 1
        }
      }
      return zip(sum, count).map { $0 / max(1, $1) }
    }
    let (chosen, random) = (means(cases[one].chosen), means(cases[one].random))
    let all = means(whole)
    return test.classNames.indices.map { (chosen[$0], random[$0], all[$0]) }
  }
}

/// Models in the making.
private struct ModelList {
  let count, firstSeed: Int
  private(set) var members: [[Int]] = []
  private(set) var roles: [SubsetRole] = []

  init(of count: Int, firstSeed: Int) { (self.count, self.firstSeed) = (count, firstSeed) }

  /// Models of one subset, one a seed; their places.
  mutating func append(
    _ side: SubsetRole.Side, _ rows: [Int], seeds: Range<Int>, draw: Int? = nil
  ) -> [Int] {
    seeds.map { seed in
      members.append(rows)
      roles.append(
        SubsetRole(side, removed: count - rows.count, draw: draw, seed: firstSeed + seed))
      return members.count - 1
    }
  }
}
