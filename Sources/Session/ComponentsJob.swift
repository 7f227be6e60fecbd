import Answers
import Components
import Datasets
import Evaluation
import Influence
import Networks
import Reports
import Storage
import Tensors

/// Asks which parts of the network carry its outputs.
public struct ComponentsJob: Sendable {
  /// What is attributed to.
  public var kinds = ComponentSet.standardKinds
  /// Names of components, as `‹layers›` has them; nil: all of the kinds.
  public var patterns: LayerPatterns?
  /// The share of components that random masks take away.
  public var share = ComponentStudy.standardShare
  /// How many masked passes it may take.
  public var preset = ComponentPreset.standard
  /// The estimator.
  public var method = ComponentMethod.expected
  /// The masks of `coar`: a number of random ones, or a file with a line a mask, the names of what it
  /// takes away; nil: twice the number of components.
  public var masks: String?
  /// The examples.
  public var part = DataPart.test
  /// Which of them are asked about: ids such as `17` or `3,5`, `misclassified`, or `all`.
  public var queries = "all"
  /// The most queries, evenly over those asked about; nil: all of them.
  public var limit: Int?
  /// The only token that is asked about, from 1; nil: whole sequences.
  public var token: Int?
  /// f; nil: the hard margin of classes, the log-probability of tokens, a single number's
  /// prediction, the squared error of several.
  public var function: OutputFunction?
  /// What is in the place of what is taken away.
  public var ablation = Ablation.zero
  /// With `resample` a table of each query's partner, whose activations it gets (`PairedExamples`);
  /// nil: one of the training set, drawn.
  public var pairs: String?
  /// Masks of `share` that the answer is judged by.
  public var freshMasks = ComponentStudy.freshMasks.own
  /// Of masks and draws.
  public var seed: UInt64 = 0
  /// A file for the queries' own scores (.h5); nil: none.
  public var out: String?

  /// The test examples, by the default.
  public init() {}

  /// An answer with every query's own scores.
  public struct Result: Sendable {
    /// The answer.
    public let answer: ComponentsAnswer
    /// τ of every query.
    public let estimate: ComponentEstimate
    /// What it was made from.
    public let study: ComponentStudy
    let influence: RunInfluence
    let asked: EvaluationQueries
    let part: DataPart

    /// The answer as a page, which takes some masked passes more.
    ///
    /// - Throws: errors of banks; `JobCancelled`.
    public func page() throws -> AttributionReport {
      let shown = asked.test.subset(
        asked.rows.count > ComponentsPage.shownQueries ? [] : asked.rows)
      return try ComponentsPage(
        answer, estimate, try study.removalCurve(estimate), study, of: influence,
        shown: (shown, part == .test), token: asked.token
      ).report
    }
  }

  /// Estimates and judges.
  ///
  /// - Throws: `ComponentError`; errors of files; `JobCancelled`: what was finished is kept.
  public func run(in session: Session) throws -> Result {
    let (study, influence, asked) = try setup(in: session)
    announce(study, influence, session.control)
    let estimate = try estimator(study).estimate(study)
    let passes = study.passes
    let fresh = try study.judged([estimate], masks: freshMasks)[0]
    let answer = ComponentsAnswer(
      run: session.run.name, method: method, study, estimate, passes: passes, fresh: fresh)
    let result = Result(
      answer: answer, estimate: estimate, study: study, influence: influence, asked: asked,
      part: part)
    if let out {
      try result.write(to: out)
      session.control.note(
        "wrote \(out): \(study.outputs.count) queries × \(study.count) components")
    }
    return result
  }

  private func estimator(_ study: ComponentStudy) throws -> any ComponentEstimator {
    guard let masks else { return method.estimator }
    guard method == .coar else {
      throw ComponentError.request(
        problem: "\(method.rawValue) draws its own masks", field: "‹masks›",
        remedy: "leave ‹masks› out, or take ‹method: coar›")
    }
    if let count = Int(masks) {
      return MaskRegression(masks: .random(max(0, min(count, 1_000_000))))
    }
    let text = try FileBytes(masks).text()
    return MaskRegression(
      masks: .list(try MaskDesign.list(text, of: study.components, file: masks)))
  }

  /// Says what it will take when it will take over a minute.
  private func announce(
    _ study: ComponentStudy, _ influence: RunInfluence, _ control: JobControl
  ) {
    guard let network = try? influence.network else { return }
    let cost = ComponentsCost(
      network, study.components, queries: study.outputs.count, method: method, preset: preset,
      share: share)
    let base = WorkPlan.commonBytes(network, influence.data)
    control.announce(
      "\(cost.passes + cost.judgingPasses) masked passes of \(study.outputs.count) queries",
      flops: cost.flops, peakBytes: base + Int(min(cost.peakBytes, 0x1p58)))
  }

  /// The queries, components and masks of the request.
  ///
  /// - Throws: as `run(in:)`.
  public func study(in session: Session) throws -> ComponentStudy { try setup(in: session).study }

  private func setup(
    in session: Session
  ) throws -> (study: ComponentStudy, influence: RunInfluence, asked: EvaluationQueries) {
    let control = session.control
    let influence = try session.influence()
    let data = try part.part(of: influence.data)
    var rows =
      queries == "all"
      ? Array(0..<data.count)
      : try QuerySelection(
        queries, limit: .max, of: influence, part: part, field: "‹queries›", control
      ).rows
    if let limit, limit < rows.count {
      control.note("\(limit) queries of \(rows.count) \(part.name) examples")
      rows = (0..<limit).map { rows[$0 * rows.count / limit] }
    }
    let asked = try EvaluationQueries(data, token: token, rows: rows)
    let partners = try pairs.map {
      try PairedExamples($0).inputs(of: asked.data, in: data, train: influence.data.train)
    }
    let study = try study(
      of: asked.data, function ?? ComponentsJob.standardFunction(data), pairs: partners,
      in: session)
    return (study, influence, asked)
  }

  /// A study of some examples.
  ///
  /// - Throws: as `run(in:)`.
  func study(
    of queries: Dataset, _ function: OutputFunction, pairs: Tensor? = nil, in session: Session
  ) throws -> ComponentStudy {
    let (run, influence) = (session.run, try session.influence())
    let network = try run.network
    let reference = try run.checkpoint()
    let outputs = try MaskedOutputs(
      network, parameters: try influence.parameters(of: reference),
      components: try ComponentSet(network, kinds: kinds, patterns: patterns),
      queries: queries, function: function, ablation: ablation,
      reference: influence.data.train, pairs: pairs, seed: seed)
    var identity = try run.identity(checkpoints: [reference], examples: queries.contentHash)
    if !ablation.needsReference && !method.needsReference { identity.trainingData = nil }
    return try ComponentStudy(
      outputs, share: share, preset: preset, seed: seed,
      identity: identity.fingerprint(of: .ablations),
      folder: run.componentsFolder, control: session.control)
  }

  /// f unless told otherwise.
  private static func standardFunction(_ data: Dataset) -> OutputFunction {
    if data.classes != nil { return .hardMargin }
    if data.vocabulary != nil { return .logProbability }
    return data.outputCount == 1 ? .prediction : .loss
  }
}

extension ComponentsJob.Result {
  /// A sealed file with `scores`, queries × components, `queryIDs` and `components`.
  func write(to path: String) throws {
    let scores = estimate.scores
    let file = try SealedFileWriter(path)
    try file.hdf5.setAttribute("format", .text("ascribe-component-scores"))
    try file.writeRows(scores.elements, shape: [scores.rows, scores.columns], to: "scores")
    try file.hdf5.write(study.outputs.queries.ids.map(\.description), to: "queryIDs")
    try file.hdf5.write(study.components.components.map(\.name), to: "components")
    try file.hdf5.setAttribute("answer", .text(try answer.json()))
    try study.fingerprint.write(to: file.hdf5)
    try file.finish()
  }
}

extension Session {
  /// What the parts of the network do to the outputs of the test examples.
  public func components(preset: ComponentPreset = .standard) throws -> ComponentsAnswer {
    var job = ComponentsJob()
    job.preset = preset
    return try job.run(in: self).answer
  }
}
