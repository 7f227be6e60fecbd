// Letters: n training examples, p parameters.
import Datasets
import Evaluation
import Foundation
import Influence
import Runs
import Storage
import Synchronization
import Tensors
import Training

/// The training of models with decoys among their labels, with nothing lost when killed.
///
/// Two rounds, each of two models that are trained side by side: decoys whose labels are any others,
/// and decoys that are hard; then, twice, decoys that are as the suspects of the first round are.
public struct DecoyJob: Sendable {
  /// Models that are trained.
  public static let models = 4
  /// Fewest training examples, of which a fifth may be decoys.
  static let leastExamples = 5 * Decoys.leastCount
  /// Pseudo-suspects with any other label beside those of the first round.
  static let prior = 10.0

  let influence: RunInfluence
  let scoring: ResolvedScoring
  let first: LeaveOneOutPredictions
  let signal: MislabelRanking.Signal
  let seed: UInt64
  let labels: [Int32]

  /// The decoys of a run.
  ///
  /// - Parameters:
  ///   - scoring: of the regression without each example.
  ///   - first: what that regression says at the run's own last checkpoint.
  ///   - signal: what suspicion is; one of `DecoyPass.signals`.
  ///   - seed: of the decoys.
  /// - Throws: `CurationError.notDefined` for targets that are no classes and for too few examples.
  init(
    _ influence: RunInfluence, scoring: ResolvedScoring, first: LeaveOneOutPredictions,
    signal: MislabelRanking.Signal, seed: UInt64
  ) throws {
    (self.influence, self.scoring, self.first) = (influence, scoring, first)
    (self.signal, self.seed) = (signal, seed)
    labels = try DecoyJob.labels(of: influence)
  }

  /// The labels that decoys change.
  ///
  /// - Throws: as `init`.
  static func labels(of influence: RunInfluence) throws -> [Int32] {
    let (train, run) = (influence.data.train, influence.run.name)
    guard let labels = train.classes else {
      throw CurationError.notDefined(
        what: "a cut",
        reason: "its decoys are examples with the label of another class, and the targets here are "
          + "numbers", run: run,
        remedy: "leave ‹cut› out: the ranking is there for numbers too")
    }
    guard labels.count >= leastExamples else {
      throw CurationError.notDefined(
        what: "a cut",
        reason: "\(labels.count) training examples are too few for decoys among them, which take "
          + "\(leastExamples)", run: run,
        remedy: "leave ‹cut› out, and look at the ranking")
    }
    return labels
  }

  /// Puts what a cut takes beside the ranking behind a plan's steps; nothing where there can be none.
  ///
  /// - Parameter seeds: those of the run, whose training and ranking are steps of the plan.
  package static func append(to plan: inout WorkPlan, _ train: Dataset, seeds: Int) {
    guard train.classes != nil, train.count >= leastExamples else { return }
    let times = Double(models) / Double(max(1, seeds))
    plan.append(
      "mislabeled (cut)", rows: models * train.count, disk: models * train.count * 16,
      repeating: [("train", times), ("mislabeled", times)])
  }

  /// What the models are made from.
  func fingerprint() throws -> Fingerprint {
    let references = try scoring.choice.references(
      of: influence.run, seeds: scoring.seeds, method: .ntkLeaveOneOut)
    var fingerprint = try influence.run.identity(
      checkpoints: references, layers: influence.selectionText
    ).fingerprint(of: .decoys)
    for (name, value) in [
      ("signal", signal.rawValue), ("damping", "\(scoring.options.damping)"),
      ("kernel", scoring.usesFeatures ? "\(MislabelJob.standardFeatures.dimension)" : "exact"),
      ("decoySeed", "\(seed)"), ("share", "\(Decoys.share)"),
    ] { fingerprint.append(name, value) }
    return fingerprint
  }

  /// Trains what is missing and writes the bank; returns at once when it is there.
  ///
  /// - Throws: `RunError.noTraining`; `TrainingError.diverged`; `StorageError` for files;
  ///   `JobCancelled`, resumable.
  func run(control: JobControl = .silent) throws -> DecoyBank {
    let fingerprint = try fingerprint()
    let path = "\(influence.run.folder)/decoys-\(fingerprint.shortName).h5"
    let parts = PartFolder(path: path + ".parts", fingerprint: fingerprint)
    if try AtomicFile.isThere(path) {
      let made = try DecoyBank(path, expecting: fingerprint, labels: labels)
      parts.discardLeftovers()
      return made
    }
    let training = try DecoyTraining(self, parts, control)
    let lock = try parts.prepare()
    defer { withExtendedLifetime(lock) {} }
    // Another process may have come to its end before the lock was taken.
    if !(try AtomicFile.isThere(path)) {
      try training.bank().write(to: path, fingerprint)
    }
    try AtomicFile.removeAll(parts.path)
    return try DecoyBank(path, expecting: fingerprint, labels: labels)
  }

  /// The decoys of the first round.
  func firstDecoys() -> [Decoys] {
    let second = first.second(to: labels)
    return [
      .uniform(labels, classes: influence.data.train.classCount, seed: seed),
      .hard(labels, margins: first.margins, second: second, seed: seed &+ 1),
    ]
  }

  /// The decoys of the second round: as the suspects of the first of whom three of four are wrong, and
  /// of examples other than those of whom half are.
  func secondDecoys(_ first: [DecoyPass]) -> [Decoys] {
    let counts = influence.data.train.classSizes
    let uniform = first.filter { $0.decoys.kind == .uniform }
    let curve = DecoyCurve(uniform, signal)
    func suspects(_ precision: Double) -> [Int] {
      let threshold = curve.threshold(precision: precision) ?? .infinity
      return uniform.flatMap { pass in
        let (suspicion, isDecoy) = (pass.suspicion(signal), pass.decoys.isDecoy)
        return labels.indices.filter { !isDecoy[$0] && suspicion[$0] >= threshold }
      }
    }
    let transitions = LabelTransitions(
      of: suspects(0.75), labels: labels, suggested: uniform.first?.suggested ?? labels,
      counts: counts, prior: DecoyJob.prior)
    let likely = suspects(0.5)
    return [2, 3].map { .adaptive(labels, transitions, without: likely, seed: seed &+ $0) }
  }
}

extension LeaveOneOutPredictions {
  /// The best class but the label, n values.
  func second(to labels: [Int32]) -> [Int32] {
    labels.enumerated().map { i, label in
      let others = (0..<predictions.rows).filter { $0 != Int(label) }
      return Int32(others.reduce(others[0]) { predictions[$1, i] > predictions[$0, i] ? $1 : $0 })
    }
  }
}
