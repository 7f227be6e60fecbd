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
  /// the first two; a file is cut in two, and `fit` is a part of `choose`.
  ///
  /// - Parameter field: what names the target.
  /// - Throws: `SessionError.tooFewExamples`; errors of files.
  init(
    _ target: EditTarget, field: String, of session: Session, _ influence: RunInfluence,
    seed: UInt64
  ) throws {
    let data = influence.data
    guard let test = try target.rows(in: data.test, isTest: true, of: influence, field: field),
      let train = try target.rows(
        in: data.train, isTest: false, of: influence, field: field)
    else {
      guard case .file(let path) = target else { preconditionFailure("\(target)") }
      let all = try AskedQueries(
        QueryInput(file: path), of: influence, session.control
      ).set
      let order = EditExamples.shuffled(Array(0..<all.count), seed: seed, stream: 2)
      let half = all.count / 2
      guard half > 0 else {
        throw SessionError.tooFewExamples(set: target.name, count: all.count, needed: 2)
      }
      fit = all.subset(Array(order.prefix(min(100, half))))
      choose = all.subset(Array(order[..<half]))
      report = all.subset(order[half...].sorted())
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

  /// All that is not the target.
  ///
  /// `fit` is sampled in training. `choose` and `report` are the halves of the test set: what was
  /// trained on stays right longer than what was not (residual nets that were to lose 2 points at the
  /// most lost 2.1 to 2.9 when they were chosen on training examples). Where half of the test set is too
  /// small to show what may be lost, `choose` is sampled in training, too. Where the target is in no
  /// split all three are of the test set: a file's examples may be told by what the training set has,
  /// too, such as images with a trigger and its label, and to spare those would be to keep the trigger.
  /// `fit` is a part of `choose` then. With thirds of their own what a set of parts loses was known so
  /// badly that sets were passed over or taken by chance: a few of some hundred parts do not learn a
  /// thousand examples by heart, and a standard error's room is kept.
  ///
  /// - Parameter share: of the reference that may be lost.
  /// - Throws: `SessionError.tooFewExamples`; errors of files.
  init(
    sparing target: EditTarget, _ targetTest: [Int], losing share: Double,
    of influence: RunInfluence, seed: UInt64
  ) throws {
    let data = influence.data
    func others(_ data: Dataset, _ own: [Int], stream: UInt64) -> [Int] {
      let own = Set(own)
      return EditExamples.shuffled(
        (0..<data.count).filter { !own.contains($0) }, seed: seed, stream: stream)
    }
    func requireCount(_ count: Int, atLeast needed: Int) throws {
      guard count >= needed else {
        throw SessionError.tooFewExamples(set: "the reference", count: count, needed: needed)
      }
    }
    var test = others(data.test, targetTest, stream: 3)
    func take(_ count: Int) -> Dataset {
      defer { test.removeFirst(count) }
      return data.test.subset(Array(test.prefix(count)))
    }
    if let own = try target.rows(
      in: data.train, isTest: false, of: influence, field: "‹target›")
    {
      let train = others(data.train, own, stream: 1)
      try requireCount(train.count, atLeast: 2)
      try requireCount(test.count, atLeast: 1)
      let count = min(200, train.count / 2)
      fit = data.train.subset(Array(train.prefix(count)))
      let half = test.count / 2
      // What may be lost is at least an example.
      let isEnough = Double(half) * share >= 1
      choose =
        isEnough
        ? take(half) : data.train.subset(Array(train[count...].prefix(1_000)))
    } else {
      try requireCount(test.count, atLeast: 2)
      let half = test.count / 2
      fit = data.test.subset(Array(test.prefix(min(500, half))))
      choose = take(half)
    }
    testRows = test.sorted()
    report = data.test.subset(testRows)
  }

  private static func shuffled(_ rows: [Int], seed: UInt64, stream: UInt64) -> [Int] {
    RandomStream(seed: seed, purpose: .ablation, index: 1 << 50 + stream)
      .permutation(of: rows.count).map { rows[$0] }
  }
}
