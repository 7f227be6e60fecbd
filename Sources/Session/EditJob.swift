import Answers
import Components
import Datasets
import Evaluation
import Influence
import Networks
import Randomness
import Reports
import Storage
import Tensors

/// Takes components away so that a target changes and everything else stays.
public struct EditJob: Sendable {
  /// What an edit is for.
  public enum Purpose: String, Sendable, CaseIterable {
    /// Named examples are to become right.
    case fix
    /// A class is to be known no more.
    case forget
    /// A subpopulation is to do better.
    case lift
    /// Examples with a trigger are to be answered by what they show.
    case backdoor

    /// Whether the output function is to rise on the target.
    var raises: Bool { self != .forget }

    /// The accuracy on the target that is enough, with room for what chance does on other examples; nil:
    /// the more the better.
    var goal: Double? {
      switch self {
      case .fix: 1
      case .forget: 0.05
      case .backdoor: 0.95
      case .lift: nil
      }
    }

    /// What may be lost on the reference: in accuracy; of losses that share of the loss.
    var allowedLoss: Double {
      switch self {
      case .fix: 0.005
      case .forget: 0.02
      case .lift, .backdoor: 0.01
      }
    }
  }

  /// The examples that it is for.
  public var target: EditTarget
  /// The examples that it is to spare; nil: all others.
  public var reference: EditTarget?
  /// What it is for; nil: as the target suggests.
  public var purpose: Purpose?
  /// What may be lost on the reference; nil: the purpose's own.
  public var allowedLoss: Double?
  /// How many parts may go, at least 1; nil: two fifths of them.
  public var most: Int?
  /// The orders that are tried; the one that does best on the examples for choosing is taken.
  public var scores = EditScore.allCases
  /// What components are; its queries, its ablation and its file are not used.
  public var components = ComponentsJob()
  /// What is in the place of what is taken away; nil: 0, of a backdoor the mean where 0 does not reach
  /// the goal and the mean does better on the examples for choosing.
  ///
  /// What a trigger switches on is at its mean nearly off, and what all images need is not lost; at 0
  /// more of the trigger goes.
  public var ablation: Ablation?
  /// Where the edit is written, as JSON; nil: nowhere.
  public var out: String?
  /// Where weights go that have the edit in them.
  public var weights = EditedWeights()

  /// Random sets that the edit is compared with.
  static let controls = 10

  /// An answer with what its page needs.
  public struct Result: Sendable {
    /// The answer.
    public let answer: EditAnswer
    let search: EditSearch
    let study: ComponentStudy
    let target, reference: ComponentEstimate

    /// The answer as a page.
    public var page: AttributionReport {
      EditPage(
        answer, search, study.components, target: target, reference: reference,
        provenance: study.facts
      ).report
    }
  }

  /// An edit for some examples.
  public init(target: EditTarget) { self.target = target }

  /// Finds the components, and tells what really happens without them.
  ///
  /// - Throws: `ComponentError`, `SessionError`; errors of files; `JobCancelled`.
  public func run(in session: Session) throws -> Result {
    let influence = try session.influence()
    try influence.data.requireTest()
    try weights.requireName(in: session)
    let seed = components.seed
    let targets = try EditExamples(
      target, field: "‹target›", of: session, influence, seed: seed)
    let spared =
      try reference.map {
        try EditExamples(
          $0, field: "‹reference›", of: session, influence, seed: seed + 1)
      }
      ?? EditExamples(
        sparing: target, targets.testRows,
        losing: largestLoss, of: influence, seed: seed)
    func trial(_ ablation: Ablation) throws -> Trial {
      try Trial(self, Studies(self, targets, spared, ablation, in: session), session.control)
    }
    var best = try trial(ablations[0])
    for ablation in ablations.dropFirst() where !best.search.isReached {
      let next = try trial(ablation)
      if best.search.isWorse(than: next.search) { best = next }
    }
    let (studies, search) = (best.studies, best.search)
    let (forTarget, forReference) = (best.target, best.reference)
    let effect = try EditEffect(
      search.chosen.places, studies.sets.metric, seed: seed,
      target: try studies.outputs(of: targets.report),
      reference: try studies.outputs(of: spared.report),
      rest: try rest(targets, spared, influence).map { try studies.outputs(of: $0) },
      attack: try attack(targets, studies.sets.metric, influence).map {
        ($0.className, try studies.outputs(of: $0.examples))
      })
    let answer = try answer(
      search, effect, studies, target: forTarget, reference: forReference, in: session)
    return Result(
      answer: answer, search: search, study: studies.fitTarget, target: forTarget,
      reference: forReference)
  }

  /// What it is for.
  private var aim: Purpose { purpose ?? target.purpose }

  /// What may be lost on the reference.
  private var largestLoss: Double { allowedLoss ?? aim.allowedLoss }

  /// What may be in the place of what is taken away.
  private var ablations: [Ablation] {
    if let ablation { return [ablation] }
    return aim == .backdoor ? [.zero, .mean] : [.zero]
  }

  /// A search with one ablation.
  private struct Trial {
    let studies: Studies
    let target, reference: ComponentEstimate
    let search: EditSearch

    init(_ job: EditJob, _ studies: Studies, _ control: JobControl) throws {
      let estimator = job.components.method.estimator
      self.studies = studies
      target = try estimator.estimate(studies.fitTarget)
      reference = try estimator.estimate(studies.fitReference)
      search = try EditSearch(
        studies.sets, target: target.scores, reference: reference.scores, scores: job.scores,
        atMost: job.most, control: control)
    }
  }

  /// What is evaluated of either set's examples.
  private struct Studies {
    let fitTarget, fitReference: ComponentStudy
    let sets: EditSets
    private let study: (Dataset) throws -> ComponentStudy

    var ablation: Ablation { fitTarget.outputs.ablation }

    init(
      _ job: EditJob, _ targets: EditExamples, _ spared: EditExamples, _ ablation: Ablation,
      in session: Session
    ) throws {
      let function =
        try job.components.function ?? EditJob.standardFunction(session.influence().data.test)
      var components = job.components
      components.ablation = ablation
      study = { [components] in try components.study(of: $0, function, in: session) }
      (fitTarget, fitReference) = (try study(targets.fit), try study(spared.fit))
      sets = EditSets(
        fitTarget: fitTarget.outputs, fitReference: fitReference.outputs,
        chooseTarget: try study(targets.choose).outputs,
        chooseReference: try study(spared.choose).outputs, raises: job.aim.raises,
        allowedLoss: job.largestLoss,
        goal: function == .hardMargin ? job.aim.goal : nil,
        metric: EditMetric(isAccuracy: function == .hardMargin))
    }

    func outputs(of data: Dataset) throws -> MaskedOutputs { try study(data).outputs }
  }

  private func answer(
    _ search: EditSearch, _ effect: EditEffect, _ studies: Studies, target tau: ComponentEstimate,
    reference tauReference: ComponentEstimate, in session: Session
  ) throws -> EditAnswer {
    let (chosen, sets) = (search.chosen, studies.sets)
    let names = studies.fitTarget.components.components.map(\.name)
    let removed = chosen.places.map { names[$0] }
    return EditAnswer(
      run: session.run.name, job: aim.rawValue, targetName: target.name,
      referenceName: reference?.name ?? "all others", score: chosen.score,
      isAccuracy: sets.metric.isAccuracy, allowedLoss: sets.allowedLoss,
      ablation: studies.ablation.description, removed: removed,
      predicted: .init(
        target: EditEffect.predicted(chosen.places, tau.scores, sets.fitTarget, sets.metric),
        reference: EditEffect.predicted(
          chosen.places, tauReference.scores, sets.fitReference, sets.metric)),
      target: effect.target, reference: effect.reference, rest: effect.rest,
      control: effect.control, attack: effect.attack,
      written: try write(removed, studies.ablation, in: session))
  }

  /// Writes the edit, and weights that have it in them, where that is asked for.
  private func write(
    _ removed: [String], _ ablation: Ablation, in session: Session
  ) throws -> WrittenWeights? {
    let (run, influence) = (session.run, try session.influence())
    let checkpoint = try run.checkpoint()
    let edit = ComponentEdit(
      run: run.name, checkpoint: checkpoint.name, model: "\(try run.modelHash(of: checkpoint))",
      ablation: ablation, removed: removed)
    if let out {
      try edit.write(to: out)
      session.control.note("wrote \(out): \(removed.count) components")
    }
    guard weights.isWanted else { return nil }
    let baked = try edit.baked(
      into: try run.network, parameters: try influence.parameters(of: checkpoint),
      reference: influence.data.train, file: "‹bake›")
    return try weights.write(baked, model: nil, of: edit, in: session)
  }

  /// The class that a trigger leads to, which most of its examples get that have another label, and those
  /// of the examples that nothing is chosen on, with that class; nil: not of a backdoor, no such
  /// example, or the metric is no accuracy.
  private func attack(
    _ targets: EditExamples, _ metric: EditMetric, _ influence: RunInfluence
  ) throws -> (className: String, examples: Dataset)? {
    guard aim == .backdoor, metric.isAccuracy,
      case .classes(let labels, let names) = targets.fit.targets,
      case .classes(let reported, _) = targets.report.targets
    else { return nil }
    let predicted = try influence.predictions(for: targets.fit).predicted
    let wrong = zip(labels, predicted).filter { $0 != $1 }.map(\.1)
    guard !wrong.isEmpty else { return nil }
    let attack = Brittleness.majority(wrong)
    let others = reported.indices.filter { reported[$0] != attack }
    guard !others.isEmpty else { return nil }
    return (
      names[Int(attack)],
      targets.report.subset(others).relabelled([Int32](repeating: attack, count: others.count))
    )
  }

  /// The test examples that are in neither set; those that are spared, where they are all others.
  private func rest(
    _ targets: EditExamples, _ spared: EditExamples, _ influence: RunInfluence
  ) -> Dataset? {
    guard reference != nil else { return nil }
    let used = Set(targets.testRows + spared.testRows)
    let test = influence.data.test
    let rows = (0..<test.count).filter { !used.contains($0) }
    return rows.isEmpty ? nil : test.subset(rows)
  }

  /// Margins of classes, which are above 0 where the example is right; else losses.
  static func standardFunction(_ data: Dataset) -> OutputFunction {
    data.classes != nil ? .hardMargin : .loss
  }
}

extension ComponentStudy {
  /// What a page says it was made from.
  var facts: [AttributionReport.Fact] {
    [
      .init("output function", outputs.function.rawValue),
      .init("ablation", outputs.ablation.description), .init("α", "\(share)"),
      .init("preset", preset.rawValue), .init("seed", "\(seed)"),
    ]
      + fingerprint.fields.filter {
        RunIdentity.Field(rawValue: $0.name)?.isOfMachine != true && $0.name != "masks"
      }.map { .init($0.name, $0.value) }
  }
}

extension EditTarget {
  /// What an edit for such a set is for.
  var purpose: EditJob.Purpose {
    switch self {
    case .ids, .misclassified: .fix
    case .label: .forget
    case .where: .lift
    case .file: .backdoor
    }
  }
}

/// What really happens without some components.
struct EditEffect {
  let target, reference, rest: EditAnswer.Change
  let control: EditAnswer.Control
  let attack: EditAnswer.Attack?

  /// - Parameters:
  ///   - rest: nil: the reference.
  ///   - attack: a class, and the target's examples with that class for their label.
  init(
    _ places: [Int], _ metric: EditMetric, seed: UInt64, target: MaskedOutputs,
    reference: MaskedOutputs, rest: MaskedOutputs?,
    attack: (className: String, examples: MaskedOutputs)?
  ) {
    let components = target.components
    let sets = [[], places] + EditEffect.random(places, components, seed: seed)
    let masks = MaskDesign.without(sets, of: components.count)
    func measured(_ outputs: MaskedOutputs) -> (change: EditAnswer.Change, random: Double) {
      let values = outputs.values(masks)
      let shown = sets.indices.map { metric.shown(metric.value(values.row($0))) }
      return (
        .init(before: shown[0], after: shown[1]),
        shown.dropFirst(2).reduce(0, +) / Double(EditJob.controls)
      )
    }
    let (t, r) = (measured(target), measured(reference))
    let others = rest.map(measured) ?? r
    (self.target, self.reference, self.rest) = (t.change, r.change, others.change)
    control = .init(target: t.random, reference: r.random, rest: others.random)
    self.attack = attack.map {
      let found = measured($0.examples)
      return .init(
        class: $0.className, before: found.change.before, after: found.change.after,
        random: found.random)
    }
  }

  /// Random sets with as many components of each kind.
  private static func random(
    _ places: [Int], _ components: ComponentSet, seed: UInt64
  ) -> [[Int]] {
    (0..<EditJob.controls).map { number in
      components.kinds.enumerated().flatMap { index, kind -> [Int] in
        let own = components.components.indices.filter {
          components.components[$0].kind == kind
        }
        let count = places.count { components.components[$0].kind == kind }
        return RandomStream(
          seed: seed, purpose: .ablation,
          index: 1 << 51 + UInt64(number * ComponentGroup.Kind.allCases.count + index)
        ).sample(count, of: own.count).map { own[$0] }
      }
    }
  }

  /// What τ says of its own examples.
  static func predicted(
    _ places: [Int], _ tau: Matrix<Float>, _ outputs: MaskedOutputs, _ metric: EditMetric
  ) -> Double {
    let whole = outputs.values(MaskDesign.without([[]], of: outputs.components.count)).row(0)
    let values = whole.enumerated().map { query, value in
      places.reduce(value) { $0 - tau[query, $1] }
    }
    return metric.shown(metric.value(values))
  }
}
