import Datasets
import Networks
import Projections
import TestSupport
import Testing
import Training

@testable import Gradients
@testable import Influence

/// Counted flops and bytes, and what is chosen by them.
@Suite("Chosen by cost") struct CostTests {
  static let digits = Network.multilayerPerceptron(
    inputShape: [784], hidden: [128, 64], outputs: 10)
  static let transformer = Network.gpt2(
    GPT2Configuration(vocabulary: 96, context: 64, layers: 1, heads: 2, width: 64))

  private func cost(
    _ method: Influence.Method, _ network: Network, n: Int, on projection: ProjectionChoice? = nil,
    checkpoints: Int = 1
  ) -> ScoringCost {
    ScoringCost(
      method,
      WorkShape(network: network, examples: n, queries: 1, projection: projection),
      checkpoints: checkpoints, budget: .max)
  }

  private func choice(
    _ network: Network, n: Int, _ method: Influence.Method, stored: Bool,
    kernel: ScoringRequest.Kernel = .auto, limit: Int? = nil, columns: Int? = nil
  ) -> KernelChoice {
    let projection = ProjectionChoice.standard(for: network, examples: n)
    return KernelChoice(
      kernel: kernel, exactLimit: limit, examples: n,
      exact: cost(method, network, n: n, checkpoints: 4),
      stored: stored
        ? KernelChoice.Stored(
          cost(.trak, network, n: n, on: projection), exact: cost(.trak, network, n: n),
          examples: n, columns: columns ?? 0) : nil)
  }

  @Test("4-5-3 on 10 examples, by hand")
  func byHand() {
    let network = Network.multilayerPerceptron(inputShape: [4], hidden: [5], outputs: 3)
    // Forward 43 products, back 18; a dot product of two gradients 5 + 5 and 3 + 6 numbers.
    let (pass, pair) = (2.0 * 43 + 2 * 18, 2.0 * (5 + 5 + 3 + 6))
    #expect(cost(.graddot, network, n: 10).flops == 11 * pass + pair * 10)
    #expect(
      cost(.trak, network, n: 10).flops == 11 * pass + pair * (50 + 10) + 1_000.0 / 3 + 200)
    #expect(
      cost(.trak, network, n: 10, checkpoints: 3).flops
        == 3 * cost(.trak, network, n: 10).flops)
    let projection = ProjectionChoice(kind: .mask, dimension: 6)
    #expect(
      cost(.graddot, network, n: 10, on: projection).flops == pass + 2 * 6 + 2 * 10 * 6)
  }

  @Test("the exact kernel up to 20,000 examples of a small network, features there or not")
  func small() {
    for stored in [false, true] {
      let choice = choice(Self.digits, n: 20_000, .trajectory, stored: stored)
      #expect(choice.usesFeatures == false)
      #expect(choice.reason == .affordable)
    }
  }

  @Test("features where the n × n matrix is too large; a method without one goes on without them")
  func matrix() {
    for stored in [false, true] {
      let choice = choice(Self.digits, n: 20_001, .trak, stored: stored)
      #expect(choice.reason == .matrix(bytes: 8 * 20_001 * 20_001))
      #expect(choice.usesFeatures)
    }
    #expect(choice(Self.digits, n: 1_000_000, .graddot, stored: true).usesFeatures)
    #expect(!choice(Self.digits, n: 1_000_000, .graddot, stored: false).usesFeatures)
  }

  @Test("many times dearer: features that are there, never ones that are not")
  func dear() {
    let choice = choice(Self.transformer, n: 20_000, .trak, stored: true)
    #expect(choice.usesFeatures)
    guard case .dear(let times) = choice.reason else {
      Issue.record("\(choice.reason)")
      return
    }
    #expect(times > 64)
    #expect(!self.choice(Self.transformer, n: 20_000, .trak, stored: false).usesFeatures)
  }

  @Test("features twice as many as the examples are taken where the exact kernel costs four times")
  func wide() {
    let narrow = choice(Self.digits, n: 20_000, .trajectory, stored: true, columns: 39_999)
    #expect(!narrow.usesFeatures)
    #expect(choice(Self.digits, n: 20_000, .trajectory, stored: true, columns: 40_000).usesFeatures)
    // A small question stays exact.
    #expect(!choice(Self.digits, n: 200, .trajectory, stored: true, columns: 400).usesFeatures)
    let wide = ProjectionChoice(kind: .kronecker, dimension: 400)
    func pays(_ examples: Int, _ flops: Double, _ exact: Double) -> Bool {
      KernelChoice.paysToCollect(wide, examples: examples, flops: flops, insteadOf: exact)
    }
    #expect(pays(200, 1e13, 4.1e13))
    #expect(!pays(200, 1e13, 3.9e13))
    #expect(!pays(201, 1e13, 1e15))
    #expect(!pays(200, 1e3, 1e13))
    #expect(
      !KernelChoice.paysToCollect(
        ProjectionChoice(kind: .landmarks, dimension: 400), examples: 200, flops: 1,
        insteadOf: 1e15))
  }

  @Test("features of kronecker as many as fit, of others 2,048")
  func dimensions() {
    let dimension = ProjectionChoice.standardDimension
    #expect(dimension(.landmarks, 500) == 2_048)
    #expect(dimension(.kronecker, 500) == 131_072)
    #expect(dimension(.kronecker, 512) == 131_072)
    #expect(dimension(.kronecker, 513) == 65_536)
    #expect(dimension(.kronecker, 30_000) == 2_048)
    #expect(dimension(.kronecker, 1_000_000) == 2_048)
  }

  @Test("what is asked for is done")
  func asked() {
    let dear = (Self.transformer, 20_000)
    #expect(!choice(dear.0, n: dear.1, .trak, stored: true, kernel: .exact).usesFeatures)
    #expect(choice(Self.digits, n: 10, .trak, stored: false, kernel: .features).usesFeatures)
    #expect(choice(Self.digits, n: 11, .graddot, stored: false, limit: 10).usesFeatures)
    #expect(!choice(dear.0, n: 20_000, .trak, stored: true, limit: 20_000).usesFeatures)
    #expect(choice(Self.digits, n: 10, .trak, stored: true, limit: 10).reason == .asked)
  }

  @Test("landmarks that do not fit 4 GiB are no choice")
  func landmarkBytes() {
    let wide = Network.gpt2(
      GPT2Configuration(vocabulary: 96, context: 64, layers: 1, heads: 2, width: 512))
    #expect(ProjectionChoice.standard(for: wide, examples: 3_000).kind == .kronecker)
    #expect(ProjectionChoice.standard(for: wide, examples: 300).kind == .landmarks)
  }

  @Test("landmarks for one position, two-sided projections where landmarks cost many times more")
  func projector() {
    func kind(_ network: Network, _ n: Int, _ k: Int = 2_048) -> ProjectorKind {
      ProjectionChoice.standard(for: network, examples: n, dimension: k).kind
    }
    #expect(kind(Self.digits, 1_000_000) == .landmarks)
    #expect(kind(Self.transformer, 100_000) == .kronecker)
    // Work of minutes is no reason for worse features; and a feature a layer is kronecker's least.
    #expect(kind(Self.transformer, 20_000) == .landmarks)
    #expect(kind(Self.transformer, 100_000, 4) == .landmarks)
  }

  @Test("checkpoints that are kept are counted beside the one that is made, up to the budget")
  func kept() {
    let shape = WorkShape(network: Self.digits, examples: 5_000, queries: 1)
    let one = Method.trak.cost(shape)
    func peak(_ budget: Int, keeps: Bool = true) -> Int {
      ScoringCost(.trak, shape, checkpoints: 3, keeps: keeps, budget: budget).peakBytes
    }
    #expect(peak(.max) == one.peakBytes + 2 * one.keptBytes + 20_000)
    #expect(peak(one.keptBytes) == one.peakBytes + one.keptBytes + 20_000)
    #expect(peak(.max, keeps: false) == one.peakBytes + 20_000)
  }

  @Test("what was not kept is made again for the next block of queries")
  func again() {
    let shape = WorkShape(network: Self.digits, examples: 100, queries: 10)
    func flops(_ budget: Int) -> Double {
      ScoringCost(.trak, shape, checkpoints: 2, budget: budget, queriesAtATime: 5).flops
    }
    #expect(flops(.max) == 2 * Method.trak.cost(shape).flops)
    #expect(flops(0) == 2 * flops(.max))
  }
}

/// Plans and estimates of runs.
@Suite("Plans from shapes") struct WorkPlanTests {
  private func subject(layers: String? = nil, n: Int = 60) throws -> WorkPlan.Subject {
    let network = Network.multilayerPerceptron(inputShape: [40], hidden: [30, 20], outputs: 3)
    let train = Problem.classes(n, features: 40, seed: 1)
    let test = Problem.classes(5, features: 40, seed: 2)
    return WorkPlan.Subject(
      trained: network,
      attributed: try layers.map {
        try network.selecting(LayerPatterns(text: $0), place: "--layers")
      }, configuration: nil, seeds: 2, epochs: [1, 2, 3, 5],
      data: SplitData(train: train, test: test, normalisation: Normalisation()), exactLimit: nil)
  }

  @Test("every method of the table has a line, on the exact kernel and on features")
  func lines() throws {
    let names = MethodTable.ofCheckpoints.filter { $0 != .halfDot }.map(\.name)
    let onFeatures = MethodTable.ofCheckpoints.filter { $0 != .halfDot }.filter(\.readsFeatures)
    let plan = WorkPlan(try subject(), rate: 1e11)
    var lines: [String] = ["collect"]
    lines += names.map { "query (\($0))" }
    lines += onFeatures.map { "query (\($0.name) on features)" }
    lines += ["score (trajectory)", "mislabeled"]
    #expect(plan.steps.map(\.name) == lines)
    let rate: Double = 1e11 * ScoringCost.share
    for step in plan.steps {
      #expect(step.flops > 0 && step.peakBytes > WorkPlan.processBytes, "\(step.name)")
      let minutes: Double = step.flops / rate / 60
      #expect(step.minutes == minutes, "\(step.name)")
    }
  }

  @Test("a method takes its own checkpoints, wrong labels the last of each seed")
  func checkpoints() throws {
    let plan = WorkPlan(try subject(), rate: 1e11)
    let flops = { (name: String) in plan.step(named: name)?.flops ?? .nan }
    // Epochs 1, 2 and 5 of two seeds, beside the last of each.
    #expect(
      flops("query (trajectory)") == 3 * (flops("query (trak)") + flops("query (ntk-loo)")))
    #expect(flops("mislabeled") < flops("query (ntk-loo)"))
  }

  @Test("without room for a matrix only methods without one are on the exact kernel")
  func large() throws {
    var subject = try subject()
    subject.exactLimit = 59
    let names = WorkPlan(subject, rate: 1e11).steps.map(\.name)
    let others = MethodTable.ofCheckpoints.filter { $0 != .halfDot && !$0.needs.contains(.solve) }
    let lines: [String] = ["collect"] + others.map { "query (\($0.name))" } + ["mislabeled"]
    #expect(names.filter { !$0.contains("features") } == lines)
    #expect(names.contains("score (trak on features)"))
  }

  @Test("gradients by the last layer alone do not pay for a pass back through the others")
  func layers() throws {
    let all = WorkPlan(try subject(), rate: 1e11)
    let last = WorkPlan(try subject(layers: "4"), rate: 1e11)
    let network = try subject().trained.footprint
    let graddot = { (plan: WorkPlan) in plan.step(named: "query (graddot)")?.flops ?? .nan }
    // 61 passes less the products of the way back, and dot products of 3 + 21 numbers.
    #expect(graddot(last) == 2 * (61 * 2 * network.forward + 60 * 2 * (3 + 21)))
    #expect(graddot(last) < graddot(all))
  }

  @Test("a few queries of large gradients go by passes, and padding takes no products")
  func streamed() throws {
    let network = CostTests.transformer
    func cost(_ queries: Int, share: Double = 1) -> MethodCost {
      WorkShape(
        network: network, examples: 10_000_000, queries: queries, tokenShare: share
      ).kernel(.one)
    }
    let own = network.footprint
    let passes = 2 * (own.forward + own.backward)
    let written = own.blocks.filter { !$0.isLookup }.reduce(0.0) {
      let pairs = $1.positions * $1.positions
      let isWritten = pairs > 1 && pairs * ($1.left + $1.right) > $1.left * $1.right
      return $0 + (isWritten ? 2 * Double($1.positions * $1.left * $1.right) : 0)
    }
    #expect(written > 0)
    let two = cost(2)
    #expect(two.flops == passes * 10_000_002 + written * 10_000_001 * 2)
    #expect(two.peakBytes < 1 << 30 && two.keptBytes == 0)
    #expect(cost(2, share: 0.5).flops == two.flops / 2)
    // Four are multiplied with gradients that are held.
    #expect(cost(4).keptBytes > 1 << 30)
  }

  @Test("a step of a run file's own is put where it belongs")
  func inserted() throws {
    var plan = WorkPlan(try subject(), rate: 1e11)
    let step = try #require(plan.step(named: "collect"))
    let saved = WorkPlan.Step(
      name: "save", rows: 7, diskBytes: 1, peakBytes: 2, flops: 3, minutes: 4)
    plan.insert(saved, after: "collect")
    #expect(plan.steps[0] == step && plan.steps[1] == saved)
    plan.insert(saved, after: "no such step")
    #expect(plan.steps.last == saved)
  }

  @Test("an estimate is the scoring's cost; what is cheaper takes a quarter at the most")
  func estimate() throws {
    let influence = try DigitsRun().influence
    let scoring = try influence.resolved()
    let estimate = try #require(try influence.estimate(scoring, queries: 3))
    let shape = WorkShape(network: try influence.network, examples: 40, queries: 3)
    #expect(estimate.checkpoints == 4)
    #expect(estimate.flops == ScoringCost(.trajectory, shape, checkpoints: 4).flops)
    #expect(estimate.alternatives.contains { $0.change == .method(.graddot) })
    #expect(estimate.alternatives.allSatisfy { 4 * $0.flops <= estimate.flops })
    #expect(
      estimate.alternatives.map(\.flops) == estimate.alternatives.map(\.flops).sorted(by: >))
  }

  @Test("the last layer goes by its name")
  func lastLayer() throws {
    let network = try subject().trained
    let last = try #require(network.lastLayer)
    #expect(last.pattern == "4")
    #expect(last.network.selectedCount == 3 * 21)
    #expect(last.network.lastLayer == nil)
    // The norm behind it is no layer worth the question.
    #expect(CostTests.transformer.lastLayer?.pattern == "transformer.h.0.mlp.c_proj")
  }
}
