import Randomness
import Tensors
import TestSupport
import Testing
import Training

@testable import Curation

@Suite struct PruneStrategyTests {
  /// Ten examples of two classes, example i with margin i in both epochs.
  private func context(seed: UInt64 = 0, _ change: (inout GivenSources) -> Void = { _ in })
    -> PruneContext
  {
    let margins = (0..<10).map { Float($0) }
    var sources = GivenSources()
    sources.signals[.margin] = [Matrix(margins + margins, rows: 2, columns: 10)]
    change(&sources)
    return PruneContext(
      count: 10, classes: [0, 1, 0, 1, 0, 1, 0, 1, 0, 1], classNames: ["a", "b"], seed: seed,
      sources: sources)
  }

  private func selection(_ name: String, _ context: PruneContext, _ keep: Double) throws
    -> PruneSelection
  {
    try PruneStrategies.standard.strategy(named: name).selection(context, keep: keep)
  }

  @Test func `the hardest, the easiest and a band by AUM, with their opposites and reasons`() throws
  {
    let hardest = try selection("AUM", context(), 0.3)
    #expect(hardest.kept == [0, 1, 2] && hardest.opposite == [7, 8, 9])
    #expect(hardest.dropped.allSatisfy { $0.reason == .easy } && hardest.dropped.count == 7)
    let easiest = try selection("aum-easiest", context(), 0.3)
    #expect(easiest.kept == [7, 8, 9] && easiest.opposite == [0, 1, 2])
    #expect(easiest.dropped.allSatisfy { $0.reason == .hard })
    let banded = try selection("aum-banded", context(), 0.4)
    #expect(banded.kept == [3, 4, 5, 6] && banded.opposite == [0, 1, 8, 9])
    #expect(banded.dropped.map(\.reason) == [.hard, .hard, .hard, .easy, .easy, .easy])
  }

  @Test func `EL2N is read in the first tenth of the epochs, the loss in the last`() throws {
    var epochs = [Float](repeating: 0, count: 200)
    for i in 0..<10 {
      (epochs[i], epochs[10 + i], epochs[190 + i]) = (Float(i), Float(i), Float(-i))
    }
    let context = context {
      $0.signals[.el2n] = [Matrix(epochs, rows: 20, columns: 10)]
      $0.signals[.loss] = [Matrix(epochs, rows: 20, columns: 10)]
    }
    #expect(try selection("el2n", context, 0.2).kept == [8, 9])
    #expect(try selection("loss", context, 0.2).kept == [0, 1])
  }

  @Test func `forgetting counts falls from right to wrong; never right is most`() throws {
    // Example 0 forgotten twice, 1 once, 2 never right, 3 … 9 always right.
    let rows: [[Float]] = [[1, 1, 0], [0, 0, 0], [1, 1, 0], [0, 1, 0]].map {
      $0 + [Float](repeating: 1, count: 7)
    }
    let context = context {
      $0.signals[.correct] = [Matrix(rows.flatMap { $0 }, rows: 4, columns: 10)]
    }
    // 2 and then 0: both of class a, so that a third is needed for b.
    #expect(try selection("forgetting", context, 0.3).kept == [0, 1, 2])
    #expect(try selection("forgetting-easiest", context, 0.7).kept == [3, 4, 5, 6, 7, 8, 9])
  }

  @Test func `the most suspect, the least helpful and the least influential are dropped`() throws {
    let values = (0..<10).map { Float($0) - 3.5 }
    let context = context {
      ($0.suspicions, $0.helps, $0.influences) = (values, values, values)
    }
    let margin = try selection("margin", context, 0.6)
    #expect(
      margin.kept == [0, 1, 2, 3, 4, 5] && margin.dropped.allSatisfy { $0.reason == .suspect })
    let influence = try selection("influence", context, 0.5)
    #expect(influence.kept == [5, 6, 7, 8, 9])
    #expect(
      influence.dropped.map(\.reason) == [.suspect, .suspect, .suspect, .suspect, .redundant])
    #expect(try selection("self-influence", context, 0.2).kept == [8, 9])
  }

  @Test(arguments: PruneStrategies.standard.all.map(\.name), [UInt64(0), 1, 2])
  func `every strategy keeps what it is asked for, the same for a seed, and turns it around`(
    name: String, seed: UInt64
  ) throws {
    let context = context(seed: seed) {
      let stream = RandomStream(seed: seed, purpose: .probe)
      let draws = (0..<100).map { Float(stream.uniform(at: $0)) }
      for signal in ExampleSignal.allCases {
        $0.signals[signal] = [Matrix(Array(draws[20..<50]), rows: 3, columns: 10)]
      }
      $0.suspicions = Array(draws[50..<60])
      ($0.influences, $0.helps) = ($0.suspicions, $0.suspicions)
      $0.matrix = Matrix(Array(draws[60..<90]), rows: 10, columns: 3)
      $0.wrong = WrongLabels(order: Array((0..<10).reversed()), low: 1, cut: 2)
      $0.words = PruneTexts(
        training: (0..<10).map { [Int32($0), 1, Int32($0 % 3)] }, target: [[1, 2], [3, 1, 1]])
    }
    for keep in [1, 0.8, 0.6] {
      let found = try selection(name, context, keep)
      let count = Int((keep * 10).rounded())
      #expect(found.kept.count == count && found.dropped.count == 10 - count)
      #expect(Set(found.kept).union(found.dropped.map(\.row)) == Set(0..<10))
      #expect(found.kept == found.kept.sorted())
      #expect(try selection(name, context, keep) == found)
      guard let opposite = found.opposite else { continue }
      #expect(opposite.count == count && Set(opposite).count == count)
      if keep < 1 { #expect(opposite != found.kept) }
    }
  }

  @Test func `only what is drawn depends on the seed`() throws {
    let draws = try (0..<5).map { try selection("random", context(seed: $0), 0.5).kept }
    #expect(Set(draws).count > 1)
    #expect(
      try selection("aum", context(seed: 1), 0.5) == selection("aum", context(seed: 2), 0.5))
  }

  @Test func `balanced draws take small classes whole`() throws {
    let context = PruneContext(
      count: 10, classes: [0, 0, 1, 1, 1, 1, 1, 1, 1, 1], classNames: ["a", "b"], seed: 3,
      sources: GivenSources())
    let kept = try selection("class-balanced", context, 0.6).kept
    #expect(kept.count == 6 && kept.prefix(2) == [0, 1])
  }

  @Test func `CCS leaves the hardest out and draws evenly over the strata of the rest`() throws {
    // 20 rows: two far out, of the others half at margin 10, the rest spread one a stratum.
    let margins: [Float] =
      [-50, -40] + [Float](repeating: 10, count: 9) + (0..<9).map { Float($0) }
    var sources = GivenSources()
    sources.signals[.margin] = [Matrix(margins, rows: 1, columns: 20)]
    let context = PruneContext(count: 20, sources: sources)
    let found = try selection("ccs", context, 0.5)
    // The nine strata of one row are taken whole, and one of the nine of equal margin.
    #expect(found.kept.filter { $0 >= 11 } == Array(11..<20))
    #expect(found.kept.count { (2..<11).contains($0) } == 1)
    #expect(found.dropped.prefix(2).map(\.reason) == [.hard, .hard])
    #expect(found.dropped.dropFirst(2).allSatisfy { $0.reason == .random })
    // Only so many are called hard as there is room for.
    #expect(try selection("ccs", context, 0.95).dropped.map(\.row) == [0])
  }

  @Test func `the recipe drops suspects where there are some, then the easy`() throws {
    let wrong = WrongLabels(order: [7, 6, 9, 8, 0, 1, 2, 3, 4, 5], low: 1, cut: 2)
    let found = try selection("recipe", context { $0.wrong = wrong }, 0.6)
    #expect(found.kept == [0, 1, 2, 3, 4, 5])
    #expect(found.dropped.map(\.reason) == [.suspect, .suspect, .easy, .easy])
    // No more suspects than are to be dropped.
    #expect(
      try selection("recipe", context { $0.wrong = wrong }, 0.9).dropped
        == [.init(row: 7, reason: .suspect)])
    // An estimate that may as well be nothing drops none.
    let none = WrongLabels(order: wrong.order, low: 0.05, cut: 2)
    let clean = try selection("recipe", context { $0.wrong = none }, 0.6)
    #expect(clean.dropped.allSatisfy { $0.reason == .easy } && clean.kept == Array(0..<6))
  }

  @Test func `the recipe takes those that stand for others where little is kept`() throws {
    // Four rows in each of two directions a class, and one that stands alone.
    var sources = GivenSources()
    let directions: [[Float]] = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    let rows = (0..<16).flatMap { directions[$0 / 4].map { $0 } }
    sources.matrix = Matrix(rows, rows: 16, columns: 4)
    sources.signals[.margin] = [Matrix((0..<16).map { Float($0) }, rows: 1, columns: 16)]
    let context = PruneContext(
      count: 16, classes: (0..<16).map { Int32($0 / 8) }, classNames: ["a", "b"], sources: sources)
    let found = try selection("recipe", context, 0.25)
    #expect(found.kept == [0, 4, 8, 12])
    #expect(found.dropped.allSatisfy { $0.reason == .redundant })
  }

  @Test func `what cannot be kept is refused in a sentence`() throws {
    for keep in [0, -0.1, 1.01, .nan] {
      let error = diagnosed { _ = try selection("random", self.context(), keep) }
      #expect(error?.what == "a share of \(keep) to keep is not above 0 and at most 1")
      #expect(error?.location == "‹keep›")
    }
    let margins = Matrix<Float>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], rows: 1, columns: 10)
    var sources = GivenSources()
    sources.signals[.margin] = [margins]
    let context = PruneContext(
      count: 10, classes: [0, 0, 0, 0, 0, 0, 0, 1, 1, 1], classNames: ["cat", "dog"],
      sources: sources)
    let error = diagnosed { _ = try selection("aum", context, 0.5) }
    #expect(
      error?.description == """
        error: aum-hardest at 0.5 would drop all 3 examples of the class dog
          at:  ‹keep›
          fix: keep more, or choose ‹strategy: class-balanced› or ‹strategy: facility-location›
        """)
    let unknown = diagnosed { _ = try selection("aumm", context, 0.5) }
    #expect(unknown?.what == "there is no strategy 'aumm'; did you mean 'aum'?")
  }
}

@Suite struct ClassQuotasTests {
  @Test func `even quotas by hand`() {
    #expect(ClassQuotas.even(10, of: [2, 100, 100]) == [2, 4, 4])
    #expect(ClassQuotas.even(11, of: [2, 100, 100]).sorted() == [2, 4, 5])
    #expect(ClassQuotas.even(3, of: [0, 1, 5]) == [0, 1, 2])
    #expect(ClassQuotas.proportional(5, of: [10, 10, 30]) == [1, 1, 3])
    #expect(ClassQuotas.proportional(0, of: [0, 0]) == [0, 0])
  }

  @Test(arguments: 0..<50)
  func `quotas add up and fit`(seed: Int) {
    let stream = RandomStream(seed: UInt64(seed), purpose: .probe)
    let sizes = (0..<6).map { stream.integer(below: 20, at: UInt64($0)) }
    let all = sizes.reduce(0, +)
    let kept = stream.integer(below: all + 1, at: 9)
    for quotas in [ClassQuotas.even(kept, of: sizes), ClassQuotas.proportional(kept, of: sizes)] {
      #expect(quotas.reduce(0, +) == kept)
      #expect(zip(quotas, sizes).allSatisfy { $0 >= 0 && $0 <= $1 })
    }
    let even = ClassQuotas.even(kept, of: sizes)
    let open = zip(even, sizes).filter { $0 < $1 }.map(\.0)
    #expect((open.max() ?? 0) - (open.min() ?? 0) <= 1)
  }
}
