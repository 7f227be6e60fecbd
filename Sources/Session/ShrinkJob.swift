// Letters: Q queries, d components.
import Answers
import Components
import Datasets
import Influence
import Models
import Networks
import Randomness
import Reports
import Runs
import Tensors

/// Makes a network smaller: cuts out the components whose absence changes the outputs least.
///
/// Channel by channel, each the one without which the examples' outputs, by the sum of τ of all that is
/// away, are right by most (`ChannelCut.next`). τ is fitted anew after each twentieth that is cut, where
/// the network then is: not under random masks of the share that is cut, which leave a network that
/// chosen cuts never come to. Queries are training examples; everything that is told is of the test set.
public struct ShrinkJob: Sendable {
  /// The share of the components of each kind that is cut, of those that can be, in (0, 1).
  public var share = 0.2
  /// What components are, and how τ is found: by gradients where the network is (`atp`) unless told
  /// otherwise; its queries and its file are not used.
  public var components: ComponentsJob = {
    var job = ComponentsJob()
    job.method = .atp
    return job
  }()
  /// Where the smaller network's weights go.
  public var weights = EditedWeights()
  /// Where the edit is written, as JSON; nil: nowhere.
  public var out: String?

  /// Shares that the curve has beside the one asked for.
  public static let curveShares = [0.1, 0.2, 0.3, 0.5]
  /// Training examples that τ is of.
  static let queries = 500
  /// The share that is cut before τ is fitted anew, as so many to the whole.
  static let rounds = 20
  /// Random orders.
  static let randomOrders = 5

  /// An answer with what its page needs.
  public struct Result: Sendable {
    /// The answer.
    public let answer: ShrinkAnswer
    let study: ComponentStudy
    let values: [Double]

    /// The answer as a page.
    public var page: AttributionReport {
      ShrinkPage(answer, study.components, values: values, provenance: study.facts).report
    }
  }

  /// A fifth of the filters and neurons.
  public init() {}

  /// Cuts, and tells how the smaller network does.
  ///
  /// - Throws: `ComponentError.request` for a share outside (0, 1), a network that cannot be cut, or
  ///   an ablation other than zero; errors of files; `JobCancelled`.
  public func run(in session: Session) throws -> Result {
    guard share > 0, share < 1 else {
      throw ComponentError.request(
        problem: "a share of \(share) is not between 0 and 1", field: "‹share›",
        remedy: "the part of the filters and neurons that is cut out, for instance ‹share: 0.2›")
    }
    guard components.ablation == .zero else {
      throw ComponentError.request(
        problem: "what is cut out is 0, not \(components.ablation.description)",
        field: "‹ablation›", remedy: "leave ‹ablation› out")
    }
    let influence = try session.influence()
    try influence.data.requireTest()
    try weights.requireName(in: session)
    let network = try session.run.network
    let cut = try ChannelCut(
      try ComponentSet(network, kinds: components.kinds, patterns: components.patterns),
      of: network)
    let model = try session.run.configuration().model
    guard model.narrowed(to: cut.widths(without: [])) != nil else {
      throw ComponentError.request(
        problem: "a \(model.kind.rawValue) cannot be cut", field: "‹job: shrink›",
        remedy: "it takes filters and neurons of mlp, cnn, resnet and resnet9 out")
    }
    guard !cut.least(cut.units.map { _ in 0 }, share: share).isEmpty else {
      throw ComponentError.request(
        problem: "a share of \(share) is less than one channel", field: "‹share›",
        remedy: "give a larger one")
    }
    let sample = try Sample(self, cut, influence, session)
    let shares = Set(ShrinkJob.curveShares + [share]).sorted()
    let (cuts, estimate) = try sample.cuts(to: shares)
    let orders = try zip(shares, cuts).map { try [$1] + sample.others(share: $0) }
    let levels = try sample.levels(of: orders.flatMap { $0 })
    let width = 2 + ShrinkJob.randomOrders
    let curve = shares.enumerated().map { number, share in
      let own = levels[(1 + number * width)..<(1 + (number + 1) * width)]
      let first = own.startIndex
      return ShrinkAnswer.Point(
        share: share, removed: orders[number][0].reduce(0) { $0 + $1.places.count },
        tau: own[first], magnitude: own[first + 1], random: Sample.mean(own.dropFirst(2)))
    }
    let place = shares.firstIndex(of: share) ?? 0
    let answer = try answer(
      session, cut, orders[place][0], model, before: levels[0], after: curve[place].tau, curve)
    return Result(answer: answer, study: sample.study, values: estimate.magnitudes)
  }

  /// Cuts, compares, writes.
  private func answer(
    _ session: Session, _ cut: ChannelCut, _ gone: [ChannelCut.Unit], _ model: ModelConfiguration,
    before: ShrinkAnswer.Level, after: ShrinkAnswer.Level, _ curve: [ShrinkAnswer.Point]
  ) throws -> ShrinkAnswer {
    let (run, influence) = (session.run, try session.influence())
    let checkpoint = try run.checkpoint()
    let network = try run.network
    let names = try ComponentSet(
      network, kinds: components.kinds, patterns: components.patterns
    ).components.map(\.name)
    guard let smaller = model.narrowed(to: cut.widths(without: gone)) else {
      preconditionFailure("\(cut.widths(without: gone)) of \(model.kind)")
    }
    let theta = try influence.parameters(of: checkpoint)
    let left = cut.parameters(theta, without: gone)
    let edit = ComponentEdit(
      run: run.name, checkpoint: checkpoint.name, model: "\(try run.modelHash(of: checkpoint))",
      ablation: .zero, removed: gone.flatMap(\.places).sorted().map { names[$0] })
    let small = try smaller.network(
      inputShape: run.record.inputShape, outputs: run.record.outputCount)
    precondition(small.parameterCount == left.count, "\(small.parameterCount), \(left.count)")
    let difference = try EditedWeights.difference(left, small, from: edit, in: session)
    if let out {
      try edit.write(to: out)
      session.control.note("wrote \(out): \(edit.removed.count) components")
    }
    let written =
      weights.isWanted
      ? try weights.write(left, model: smaller, of: edit, in: session) : nil
    return ShrinkAnswer(
      run: run.name, method: components.method, share: share, components: names.count,
      removed: edit.removed, tied: cut.tied, obstacles: cut.obstacles,
      parameters: .init(before: theta.count, after: left.count), before: before, after: after,
      difference: difference, curve: curve, written: written)
  }
}

/// What a network is cut by, and judged on.
private struct Sample {
  private let job: ShrinkJob
  private let cut: ChannelCut
  private let session: Session
  private let test: Dataset
  private let function: OutputFunction
  /// Of the whole network, on training examples.
  let study: ComponentStudy

  init(
    _ job: ShrinkJob, _ cut: ChannelCut, _ influence: RunInfluence, _ session: Session
  ) throws {
    (self.job, self.cut, self.session) = (job, cut, session)
    let train = influence.data.train
    let rows = RandomStream(seed: job.components.seed, purpose: .ablation, index: 1 << 50 + 3)
      .sample(min(ShrinkJob.queries, train.count), of: train.count).sorted()
    test = influence.data.test
    function = job.components.function ?? EditJob.standardFunction(test)
    study = try job.components.study(of: train.subset(rows), function, in: session)
  }

  /// The units that go up to each of some ascending shares, and τ of the whole network.
  func cuts(
    to shares: [Double]
  ) throws -> (cuts: [[ChannelCut.Unit]], whole: ComponentEstimate) {
    let last = shares.last ?? 0
    let stops = Set(shares + (1...ShrinkJob.rounds).map { Double($0) / Double(ShrinkJob.rounds) })
      .filter { $0 <= last }.sorted()
    let stage = session.control.stage("fitting and cutting", unit: "rounds")
    let everything = MaskDesign.without([[]], of: study.count)
    let whole = function == .hardMargin ? nil : study.outputs.values(everything).row(0)
    var (gone, found, first) = ([ChannelCut.Unit](), [[ChannelCut.Unit]](), ComponentEstimate?.none)
    for (number, share) in stops.enumerated() {
      let now = try study.without(gone.flatMap(\.places))
      let estimate = try job.components.method.estimator.estimate(now)
      first = first ?? estimate
      gone += cut.next(
        after: gone, tau: estimate.scores, now: now.outputs.values(everything).row(0), whole: whole,
        share: share)
      if shares.contains(share) { found.append(gone) }
      stage.update(number + 1, of: stops.count)
    }
    guard let first else { preconditionFailure("no share of \(shares)") }
    return (found, first)
  }

  /// The units that go by magnitude, and at random.
  func others(share: Double) throws -> [[ChannelCut.Unit]] {
    let weights = try ComponentMethod.magnitude.estimator.estimate(study).scores
    let random = (0..<ShrinkJob.randomOrders).map { number in
      RandomStream(
        seed: job.components.seed, purpose: .ablation, index: 1 << 52 + UInt64(number)
      ).permutation(of: cut.units.count).map { Double($0) }
    }
    return ([values(weights)] + random).map { cut.least($0, share: share) }
  }

  /// mean over queries of |Σ of a channel's τ| by its components.
  private func values(_ scores: Matrix<Float>) -> [Double] {
    cut.units.map { unit in
      (0..<scores.rows).reduce(0.0) { sum, query in
        sum + abs(unit.places.reduce(0.0) { $0 + Double(scores[query, $1]) })
      } / Double(max(1, scores.rows) * unit.places.count)
    }
  }

  /// How the network does on the test set: whole, then without each of some sets.
  func levels(of sets: [[ChannelCut.Unit]]) throws -> [ShrinkAnswer.Level] {
    func outputs(_ function: OutputFunction) throws -> Matrix<Float> {
      let outputs = try job.components.study(of: test, function, in: session).outputs
      return outputs.values(
        MaskDesign.without(
          [[]] + sets.map { $0.flatMap(\.places) }, of: outputs.components.count))
    }
    let losses = try outputs(.loss)
    let margins = test.classes != nil ? try outputs(.hardMargin) : nil
    return (0..<losses.rows).map { row in
      ShrinkAnswer.Level(
        accuracy: margins.map { EditMetric(isAccuracy: true).value($0.row(row)) },
        loss: -EditMetric(isAccuracy: false).value(losses.row(row)))
    }
  }

  static func mean(_ levels: ArraySlice<ShrinkAnswer.Level>) -> ShrinkAnswer.Level {
    let n = Double(levels.count)
    let accuracies = levels.compactMap(\.accuracy)
    return ShrinkAnswer.Level(
      accuracy: accuracies.isEmpty ? nil : accuracies.reduce(0, +) / n,
      loss: levels.reduce(0) { $0 + $1.loss } / n)
  }
}
