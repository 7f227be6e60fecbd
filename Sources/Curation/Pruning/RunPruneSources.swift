// Letters: n training examples, k features.
import Datasets
import Foundation
import Influence
import Storage
import Synchronization
import Tensors
import Training

extension PruneContext {
  /// The training examples of a run.
  ///
  /// - Parameter seed: decides everything that is drawn.
  public init(_ sources: RunPruneSources, seed: UInt64 = 0) {
    let train = sources.influence.data.train
    self.init(
      count: train.count, classes: train.classes, classNames: train.classNames, seed: seed,
      sources: sources)
  }
}

/// What a run knows of its training examples, each thing made once.
public final class RunPruneSources: PruneSources {
  let influence: RunInfluence
  private let control: JobControl
  private let collecting: @Sendable (Int, Int) throws -> Void
  private let known = Mutex(Known())

  private struct Known {
    var values: [String: [Float]] = [:]
    var signals: [ExampleSignal: [Matrix<Float>]] = [:]
    var features: StoreRows?
    var wrongLabels: WrongLabels??
  }

  /// - Parameters:
  ///   - control: of the models that are trained to find wrong labels.
  ///   - collecting: hears of features that are collected because no store has them: rows done,
  ///     rows in all; throwing stops.
  public init(
    _ influence: RunInfluence, control: JobControl = .silent,
    collecting: @escaping @Sendable (Int, Int) throws -> Void = { _, _ in }
  ) {
    (self.influence, self.control, self.collecting) = (influence, control, collecting)
  }

  var hasMargins: Bool { influence.isClassification }

  func epochs(of signal: ExampleSignal) throws -> [Matrix<Float>] {
    if let found = known.withLock({ $0.signals[signal] }) { return found }
    let run = influence.run
    guard run.hasWholeDynamics else {
      throw PruningError.unfit(
        strategy: "the signal \(signal.rawValue)",
        reason: "\(run.name) was not trained here to its end, and has no record of its epochs")
    }
    let found = try run.seeds.map { seed in
      guard let values = try run.dynamics(seed: seed)[signal] else {
        throw PruningError.unfit(
          strategy: "the signal \(signal.rawValue)",
          reason: "training on these targets does not record it")
      }
      return values
    }
    known.withLock { $0.signals[signal] = found }
    return found
  }

  func suspicion() throws -> [Float] {
    try once("suspicion") {
      var job = MislabelJob(influence)
      job.collecting = collecting
      return try job.ranking(by: .leaveOneOutMargin).suspicion
    }
  }

  func selfInfluence() throws -> [Float] {
    try once("selfInfluence") { try influence.ensemble(ScoringRequest()).selfInfluence() }
  }

  func help(for rows: [Int]) throws -> [Float] {
    try once("help \(rows.hashValue)") {
      let scores = try influence.ensemble(ScoringRequest()).scores(
        influence.data.train.subset(rows), mean: false)
      var sum = [Double](repeating: 0, count: scores.columns)
      for (query, row) in rows.enumerated() {
        for (i, value) in scores.row(query).enumerated() where i != row { sum[i] += Double(value) }
      }
      return sum.map { Float($0 / Double(rows.count)) }
    }
  }

  func wrongLabels() throws -> WrongLabels? {
    if let found = known.withLock({ $0.wrongLabels }) { return found }
    let made = try cut()
    known.withLock { $0.wrongLabels = .some(made) }
    return made
  }

  /// The recipe's cut by decoys; nil of targets that are no classes, and of too few examples for
  /// decoys among them.
  private func cut() throws -> WrongLabels? {
    guard influence.data.train.count >= DecoyJob.leastExamples,
      influence.data.train.classes != nil
    else { return nil }
    var job = MislabelJob(influence)
    job.collecting = collecting
    let found = try job.cut(
      precision: PruneStrategy.cutPrecision,
      by: influence.run.hasWholeDynamics ? .leaveOneOutWithEL2N : nil,
      control: control)
    control.note(
      "wrong labels: \(Int(found.estimatedWrong.rounded())) "
        + "(\(Int(found.low.rounded())) to \(Int(found.high.rounded())), 90 %)")
    return WrongLabels(order: found.order, low: found.low, cut: found.count)
  }

  func texts() throws -> PruneTexts {
    let (train, test) = (influence.data.train, influence.data.test)
    guard influence.isSequence || train.tokenizer != nil else {
      throw PruningError.unfit(
        strategy: "a strategy of texts", reason: "the inputs of \(influence.run.name) are no texts")
    }
    try influence.data.requireTest()
    func tokens(_ data: Dataset) -> [[Int32]] {
      let width = data.featureCount
      return (0..<data.count).map { row in
        (0..<width).map { Int32(data.inputs.storage.base[row * width + $0]) }.filter { $0 >= 0 }
      }
    }
    return PruneTexts(training: tokens(train), target: tokens(test))
  }

  func features() throws -> any FeatureRows {
    if let found = known.withLock({ $0.features }) { return found }
    let made = try storedFeatures()
    known.withLock { $0.features = made }
    return made
  }

  /// The features of the trace kernel at the last checkpoint of the first seed, collected unless a
  /// store of the run has them; of sequences those of their margin.
  private func storedFeatures() throws -> StoreRows {
    let method = influence.isSequence ? Method.trak : Method.ntkLeaveOneOut
    let work = try influence.collecting(
      for: method, projection: MislabelJob.standardFeatures, choice: .final,
      seeds: Array(influence.run.seeds.prefix(1)), weighs: false)
    guard let part = work.parts.first, let group = work.references.first?.groupName else {
      throw InfluenceError.noCheckpoints(selection: "the last checkpoint", available: "none")
    }
    if try !AtomicFile.isThere(part.path) {
      try part.collection.collect(influence.data.train, to: part.path, progress: collecting)
    }
    return StoreRows(try influence.store(part.path, target: part.target), preferring: group)
  }

  private func once(_ name: String, _ make: () throws -> [Float]) throws -> [Float] {
    if let found = known.withLock({ $0.values[name] }) { return found }
    let made = try make()
    known.withLock { $0.values[name] = made }
    return made
  }
}

/// The rows of one checkpoint of a feature store.
private struct StoreRows: FeatureRows {
  let store: FeatureStoreReader
  let group: String

  /// - Parameter wanted: the checkpoint, where the store has it; else the store's last one.
  init(_ store: FeatureStoreReader, preferring wanted: String) {
    self.store = store
    group = store.groups.contains(wanted) ? wanted : store.groups.last ?? wanted
  }

  var rows: Int { store.rows }
  var columns: Int { store.columns }
  func read(_ range: Range<Int>) throws -> Matrix<Float> {
    try store.readRows(group: group, range)
  }
}
