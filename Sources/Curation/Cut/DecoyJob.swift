// Letters: n training examples, p parameters.
import Datasets
import Evaluation
import Influence
import Runs
import Storage
import Tensors

/// The training of models with decoys among their labels, with nothing lost when killed.
///
/// Two models are trained side by side in each round of `DecoyDesign`.
public struct DecoyJob: Sendable {
  /// Models that are trained.
  public static let models = 4
  /// Fewest training examples, of which a fifth may be decoys.
  static let leastExamples = 5 * Decoys.leastCount

  let influence: RunInfluence
  let scoring: ResolvedScoring
  let design: DecoyDesign
  var labels: [Int32] { design.labels }

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
    (self.influence, self.scoring) = (influence, scoring)
    design = DecoyDesign(
      labels: try DecoyJob.labels(of: influence), classes: influence.data.train.classCount,
      first: first, signal: signal, seed: seed)
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
    try requireExamples(labels.count, run: run)
    return labels
  }

  /// Refuses sets so small that decoys would be a fifth of them.
  static func requireExamples(_ count: Int, run: String) throws(CurationError) {
    guard count < leastExamples else { return }
    throw .notDefined(
      what: "a cut",
      reason: "\(count) training examples are too few for decoys among them, which take "
        + "\(leastExamples)", run: run, remedy: "leave ‹cut› out, and look at the ranking")
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
      ("signal", design.signal.rawValue), ("damping", "\(scoring.options.damping)"),
      ("kernel", scoring.usesFeatures ? "\(MislabelJob.standardFeatures.dimension)" : "exact"),
      ("decoySeed", "\(design.seed)"), ("share", "\(Decoys.share)"),
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
}
