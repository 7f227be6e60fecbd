import Datasets
import Influence
import Randomness
import Tensors

/// Examples of one side of an edit: those that τ is of, those that the edit is chosen on, and those
/// that its effect is told of.
struct EditExamples {
  /// The examples that τ is of.
  let fit: Dataset
  /// The examples that the edit is chosen on.
  let choose: Dataset
  /// The examples that its effect is told of.
  let report: Dataset
  /// The rows of the test set among `report`; empty of a file's.
  let testRows: [Int]

  /// The target: named test examples are all three; a class or a column is sampled in training for
  /// the first two; a file is cut in three.
  ///
  /// - Throws: `SessionError.tooFewExamples`; errors of files.
  init(
    _ target: EditTarget, of session: Session, _ influence: RunInfluence, seed: UInt64
  ) throws {
    let data = influence.data
    guard let test = try target.rows(in: data.test, isTest: true, of: influence),
      let train = try target.rows(in: data.train, isTest: false, of: influence)
    else {
      guard case .file(let path) = target else { preconditionFailure("\(target)") }
      let all = try AskedQueries(
        QueryInput(file: path), of: influence, session.control
      ).set
      let order = EditExamples.shuffled(Array(0..<all.count), seed: seed, stream: 2)
      let third = all.count / 3
      guard third > 0 else {
        throw SessionError.tooFewExamples(set: target.name, count: all.count, needed: 3)
      }
      fit = all.subset(Array(order.prefix(min(100, third))))
      choose = all.subset(Array(order[third..<2 * third]))
      report = all.subset(order[(2 * third)...].sorted())
      testRows = []
      return
    }
    guard !test.isEmpty else {
      throw SessionError.tooFewExamples(set: target.name, count: 0, needed: 1)
    }
    report = data.test.subset(test)
    testRows = test
    guard train.count > 1 else {
      (fit, choose) = (report, report)
      return
    }
    let order = EditExamples.shuffled(train, seed: seed, stream: 0)
    let count = min(100, order.count / 2)
    fit = data.train.subset(Array(order.prefix(count)))
    choose = data.train.subset(Array(order[count...].prefix(300)))
  }

  /// All that is not the target: of `fit` and `choose` sampled in training; where the target is in no
  /// split, all three are of the test set.
  ///
  /// A file's examples may be told by what the training set has, too: images with a trigger and its
  /// label. To spare those would be to keep the trigger.
  init(
    sparing target: EditTarget, _ targetTest: [Int], of influence: RunInfluence, seed: UInt64
  ) throws {
    let data = influence.data
    let test = Set(targetTest)
    let others = (0..<data.test.count).filter { !test.contains($0) }
    guard let own = try target.rows(in: data.train, isTest: false, of: influence) else {
      let order = EditExamples.shuffled(others, seed: seed, stream: 1)
      let third = order.count / 3
      guard third > 0 else {
        throw SessionError.tooFewExamples(set: "the reference", count: order.count, needed: 3)
      }
      testRows = order[(2 * third)...].sorted()
      fit = data.test.subset(Array(order.prefix(min(500, third))))
      choose = data.test.subset(Array(order[third..<2 * third].prefix(1_000)))
      report = data.test.subset(testRows)
      return
    }
    let targets = Set(own)
    let order = EditExamples.shuffled(
      (0..<data.train.count).filter { !targets.contains($0) }, seed: seed, stream: 1)
    testRows = others
    guard order.count > 1, !testRows.isEmpty else {
      throw SessionError.tooFewExamples(set: "the reference", count: order.count, needed: 2)
    }
    let count = min(200, order.count / 2)
    fit = data.train.subset(Array(order.prefix(count)))
    choose = data.train.subset(Array(order[count...].prefix(1_000)))
    report = data.test.subset(testRows)
  }

  private static func shuffled(_ rows: [Int], seed: UInt64, stream: UInt64) -> [Int] {
    RandomStream(seed: seed, purpose: .ablation, index: 1 << 50 + stream)
      .permutation(of: rows.count).map { rows[$0] }
  }
}
