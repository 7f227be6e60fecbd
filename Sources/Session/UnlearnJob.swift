import Answers
import Curation
import Datasets
import Evaluation
import Influence
import Randomness
import Runs
import Tensors

/// Makes a trained network forget some of its training examples, and compares it with networks that never
/// saw them.
public struct UnlearnJob: Sendable {
  /// Ids of training examples: such as `3,17`, or `@FILE` with one a line.
  public var ids: String
  /// The method whose weights are written.
  public var method = UnlearnMethod.matching
  /// Whether the other methods are tried too.
  public var compares = true
  /// Passes over the examples.
  public var epochs = UnlearnTraining.standardEpochs
  /// Networks that are trained without the examples; 0: nothing is verified.
  public var retrained = 4
  /// The seed of everything that is drawn.
  public var seed: UInt64 = 0
  /// The new run's name; nil: the run's with `-unlearned`.
  public var name: String?
  /// Whether another run of that name is replaced.
  public var overwrites = false
  /// The folder of all runs.
  public var checkpointsFolder = "Checkpoints"

  /// The unlearning of some examples.
  public init(ids: String) { self.ids = ids }

  /// Trains the networks that never saw the examples, unlearns, compares, and writes a run beside the
  /// other, whole or not at all.
  ///
  /// - Throws: `CurationError` and `PruningError` for examples that cannot be forgotten; `RunError` for a
  ///   run of that name; errors of training and of files; `JobCancelled`, resumable: networks that were
  ///   trained are kept.
  public func run(in session: Session) throws -> UnlearnAnswer {
    let (control, run) = (session.control, session.run)
    try EvaluationError.require(epochs, in: 1...10_000, field: "epochs")
    if retrained != 0 { try EvaluationError.require(retrained, in: 2...1_000, field: "retrained") }
    let written = name ?? run.name + "-unlearned"
    guard RunConfiguration.isName(written) else { throw RunError.runName(written) }
    guard written != run.name else {
      throw CurationError.request(
        problem: "\(written) is the run whose examples are to be forgotten", field: "‹name›",
        remedy: "choose another name")
    }
    let influence = try session.influence()
    let rows = try influence.data.train.rows(named: ids, field: "‹ids›")
    _ = try PruneSelection(dropping: rows, in: PruneContext(RunPruneSources(influence)))
    let training = try UnlearnTraining(
      influence, forgetting: rows, epochs: epochs, seed: seed)
    let examples = examples(training, influence.data)
    let truth = try retrained == 0 ? [] : self.truth(training, examples, influence, control)
    let judge = UnlearnJudge(training: training, examples: examples, truth: truth)
    // As many as there are to compare with: what is written is that of the first.
    let starts = try run.seeds.prefix(max(1, truth.count)).map { try training.start($0) }
    let before = judge.outcome(nil, starts)
    let methods = [method] + (compares ? UnlearnMethod.allCases.filter { $0 != method } : [])
    var (outcomes, chosen) = ([UnlearnOutcome](), Tensor?.none)
    let stage = control.stage("unlearning", unit: "networks")
    for (place, method) in methods.enumerated() {
      let found = try starts.enumerated().map { number, start in
        try control.check(isResumable: retrained > 0)
        stage.update(place * starts.count + number, of: methods.count * starts.count)
        return try training.parameters(by: method, from: start, control: control)
      }
      if chosen == nil { chosen = found.first }
      outcomes.append(judge.outcome(method, found, before: before.distance))
    }
    let answer = UnlearnAnswer(
      run: run.name, forgotten: rows.count, epochs: epochs, retrained: truth.count,
      starts: starts.count, written: written, twoSeeds: judge.twoSeeds, before: before,
      outcomes: outcomes, method: method)
    if let chosen {
      let checkpoint = try run.checkpoint()
      var made = try EditedRun(
        named: written, from: run, checkpoint, checkpointsFolder: checkpointsFolder)
      made.overwrites = overwrites
      let folder = try made.write(
        chosen,
        origin: "\(run.name), \(checkpoint.name) without \(rows.count) training examples by "
          + method.rawValue
      ).folder
      control.note("wrote the run \(written): \(folder)")
    }
    return answer
  }

  /// Forgotten examples, a sample of those that stay, and the test set.
  private func examples(_ training: UnlearnTraining, _ data: SplitData) -> UnlearnExamples {
    let kept = training.kept
    let sample = RandomStream(seed: seed, purpose: .subset, index: 6 << 32)
      .sample(min(kept.count, UnlearnExamples.mostKept), of: kept.count).sorted()
    return UnlearnExamples(data, forgotten: training.forgotten, kept: sample.map { kept[$0] })
  }

  /// What networks trained without the examples say of them and of others.
  private func truth(
    _ training: UnlearnTraining, _ examples: UnlearnExamples, _ influence: RunInfluence,
    _ control: JobControl
  ) throws -> [Matrix<Float>] {
    let train = influence.data.train
    let design = try SubsetDesign.pruning(
      Array(repeating: training.kept, count: retrained),
      roles: (0..<retrained).map {
        SubsetRole(.listed, removed: training.forgotten.count, seed: $0)
      }, of: train.count)
    let bank = try PruneBank(
      design, influence.run,
      SplitData(
        train: train, test: examples.data, normalisation: influence.data.normalisation),
      prefix: "unlearn"
    ).made(control)
    return (0..<retrained).map { examples.values(bank.logits(subset: $0, seed: 0)) }
  }
}

/// Compares networks with those that never saw the forgotten examples.
private struct UnlearnJudge {
  let training: UnlearnTraining
  let examples: UnlearnExamples
  /// What those say; none where nothing is verified.
  let truth: [Matrix<Float>]

  var twoSeeds: UnlearnDistances? {
    truth.count > 1 ? UnlearnDistances(amongst: truth, examples) : nil
  }

  /// - Parameter networks: weights of each, p values.
  func outcome(
    _ method: UnlearnMethod?, _ networks: [Tensor], before: UnlearnDistances? = nil
  ) -> UnlearnOutcome {
    let found = networks.map { training.predictor($0).predictions(for: examples.data) }
    let distance =
      truth.isEmpty
      ? nil
      : UnlearnDistances(found.map { examples.values($0.logits) }, from: truth, examples)
    return UnlearnOutcome(
      method, right: found.map(\.correct), examples, distance: distance, before: before,
      seeds: twoSeeds)
  }
}
