import Answers
import Components
import Datasets
import Factors
import Influence
import Networks
import Tensors

/// What scores are taken apart by.
public enum ScoreSplit: Sendable, Equatable {
  /// The layers that have parameters.
  case layers
  /// Layers, and components of some kinds.
  case components([ComponentGroup.Kind])
}

extension ScoreSplit {
  /// The kinds; none for layers alone.
  var kinds: [ComponentGroup.Kind] { if case .components(let kinds) = self { kinds } else { [] } }

  /// Whose each parameter is, before anything is computed.
  ///
  /// - Throws: `RunError.noNetwork` for components of gradients from elsewhere; `ComponentError.request`;
  ///   `InfluenceError.notDefined` for components that share weights, and for kernels of features.
  func map(of setup: ScoringSession) throws -> ParameterParts {
    try setup.scorer.requireParts()
    let influence = setup.influence
    let layers = try influence.parameterLayers()
    guard case .components(let kinds) = self else { return try ParameterParts(layers: layers) }
    let network = try influence.network
    let known = ComponentGroup.Kind.allCases.filter { kind in
      network.components.contains { $0.kind == kind }
    }
    guard kinds.contains(where: known.contains) else {
      throw ComponentError.request(
        problem: "the network has no \(kinds.map { $0.rawValue + "s" }.joined(separator: ", "))",
        field: "‹byComponent›",
        remedy: "it has "
          + (known.filter { $0 != .layer }.map { $0.rawValue + "s" } + ["layers"])
          .joined(separator: ", "))
    }
    let components = try ComponentSet(network, kinds: kinds)
    let weights = ComponentWeights(components, of: network)
    return try ParameterParts(
      layers: layers,
      owners: zip(components.components, weights.own).map {
        ($0.name, $1.map { ParameterParts.Piece($0) })
      })
  }
}

extension ParameterParts.Piece {
  /// Whole rows, or whole columns, of a parameter.
  fileprivate init(_ part: ParameterPart) {
    let width = part.parameter.shape.dropFirst().reduce(1, *)
    self =
      part.columns.count == width
      ? ParameterParts.Piece(part.parameter, along: .rows, lines: part.rows)
      : ParameterParts.Piece(part.parameter, along: .columns, lines: part.columns)
  }
}

extension ComponentParts {
  /// Takes the scores of the shown examples apart, and attributes the queries to the components.
  ///
  /// - Parameter map: the split's.
  init(
    _ split: ScoreSplit, _ map: ParameterParts, _ setup: ScoringSession,
    _ questions: AskedQueries, _ data: Dataset, _ tops: [TopExamples], token: Int?,
    in session: Session
  ) throws {
    let selection = questions.selection
    let sums = try tops.enumerated().map { index, top in
      let rows = (top.highest + top.lowest).map(\.row)
      if rows.isEmpty { return [Int: ParameterParts.Sums]() }
      let parts = try setup.scorer.partScores(
        selection.isMean ? data : data.subset([index]), rows: rows, by: map.partition)
      return Dictionary(
        uniqueKeysWithValues: rows.enumerated().map { ($1, map.sums(of: parts.row($0))) })
    }
    let own = try OwnAttribution(split.kinds, setup, questions, token: token, in: session)
    self.init(
      map, hasComponents: split != .layers, sums,
      own: try selection.isMean ? [] : data.ids.map { try own.scores(of: $0) })
  }
}

/// What components do to the queries themselves, by the default estimator at its least cost.
private struct OwnAttribution {
  /// The most flops that one query's may take: a few seconds.
  static let limit = 1e11

  private let job: ComponentsJob?
  private let session: Session

  /// - Parameter kinds: none for nothing.
  init(
    _ kinds: [ComponentGroup.Kind], _ setup: ScoringSession, _ questions: AskedQueries,
    token: Int?, in session: Session
  ) throws {
    self.session = session
    guard !kinds.isEmpty, !questions.selection.isMean else {
      job = nil
      return
    }
    func note(_ reason: String) {
      session.control.note("note: the components' own attribution is left out: \(reason)")
    }
    if questions.outside != nil {
      note("it is made of test examples")
      job = nil
      return
    }
    let network = try setup.influence.network
    let components = try ComponentSet(network, kinds: kinds)
    let flops = Double(OwnAttribution.passes(components)) * 2 * network.footprint.forward
    if flops > OwnAttribution.limit {
      note("for \(components.count) components it takes long; ‹components› of the run make it")
      job = nil
      return
    }
    var job = ComponentsJob()
    (job.kinds, job.preset, job.token) = (kinds, .lean, token)
    job.function = setup.options.outputFunction
    self.job = job
  }

  /// Masked passes of the lean preset, one with gradients counted as three.
  private static func passes(_ components: ComponentSet) -> Int {
    let heads = components.components.count { $0.kind == .head }
    return 12 + 4 * (16 + heads) + max(4, components.count / 16)
  }

  /// τ of a test example; nil where it is left out.
  func scores(of query: ExampleID) throws -> [QueryAnswer.ComponentScore]? {
    guard var job else { return nil }
    job.queries = "\(query)"
    let study = try job.study(in: session)
    let estimate = try job.method.estimator.estimate(study)
    return study.components.components.enumerated().map {
      QueryAnswer.ComponentScore(name: $1.name, score: Double(estimate.scores[0, $0]))
    }
  }
}
