import Evaluation
import Randomness
import Testing

@testable import Curation

@Suite struct PruneProofTests {
  @Test func `two models of each on two examples by hand`() {
    let proof = PruneProof(
      chosen: [[100, 100], [100, 0]], random: [[0, 0], [100, 0]], whole: [[100, 100]],
      opposite: [[0, 0]])
    // Means 100, 50 and 0, 50.
    #expect(proof.difference == 50)
    #expect((proof.chosen, proof.random, proof.whole) == (75, 25, 100))
    #expect(proof.opposite == 0 && proof.seeds == 2 && proof.randomSubsets == 2)
    // Variances of the means 1250 each: no subset is seen to differ. By example d = 50, 50: no test
    // part. V = 1250/2 + 1250/2, two degrees: t = 4.303.
    let half = 4.303 * 1250.0.squareRoot()
    #expect(abs(proof.high - 50 - half) < 1e-9 && abs(50 - proof.low - half) < 1e-9)
    #expect(proof.verdict == .unresolved)
    #expect(abs(proof.parts.seeds - 4.303 * 25) < 1e-9 && proof.parts.test == 0)
    // (50/4.303)² of 1250 are allowed: 4 models become 4 · 1250/135.02 = 37.03.
    #expect(proof.needs == PruneProof.Needs(testExamples: nil, models: 34))
  }

  @Test func `the parts add up to the interval, and turning the sides round to the sign`() {
    let stream = RandomStream(seed: 4, purpose: .probe)
    func draws(_ models: Int, from start: Int) -> [[Double]] {
      (0..<models).map { model in
        (0..<40).map { stream.uniform(at: UInt64(start + 40 * model + $0)) < 0.6 ? 100 : 0 }
      }
    }
    let (a, b) = (draws(5, from: 0), draws(10, from: 1_000))
    let proof = PruneProof(chosen: a, random: b)
    let parts = proof.parts
    let half = (proof.high - proof.low) / 2
    let sum = parts.seeds * parts.seeds + parts.subsets * parts.subsets + parts.test * parts.test
    #expect(abs(half * half - sum) < 1e-9 * sum)
    #expect(abs(PruneProof(chosen: b, random: a).difference + proof.difference) < 1e-12)
    #expect(proof.opposite == nil)
  }

  /// Models whose chance of being right varies by subset, by seed and by example.
  private func models(
    _ count: Int, subsets: Int, spread: (subset: Double, seed: Double), gain: Double,
    _ stream: RandomStream, from start: Int
  ) -> [[Double]] {
    var position = UInt64(start)
    func normal() -> Double {
      let sum = (0..<12).reduce(0.0) { sum, _ in
        position += 1
        return sum + stream.uniform(at: position)
      }
      return sum - 6
    }
    let ofSubset = (0..<subsets).map { _ in spread.subset * normal() }
    return (0..<count).map { model in
      let level = gain + ofSubset[model % subsets] + spread.seed * normal()
      return (0..<60).map { example in
        position += 1
        let hard = Double(example % 6) / 6
        return stream.uniform(at: position) < 0.95 - 0.3 * hard + level ? 100 : 0
      }
    }
  }

  @Test(arguments: [(0.0, 0.02), (0.02, 0.02), (0.05, 0.02)])
  func `random against random is seldom called different`(subset: Double, seed: Double) {
    var called = 0
    for trial in 0..<200 {
      let stream = RandomStream(seed: UInt64(trial), purpose: .probe)
      let chosen = models(5, subsets: 1, spread: (subset, seed), gain: 0, stream, from: 0)
      let random = models(10, subsets: 10, spread: (subset, seed), gain: 0, stream, from: 50_000)
      if PruneProof(chosen: chosen, random: random).verdict != .unresolved { called += 1 }
    }
    // 5 % are 10 of 200, and 20 are three standard deviations above.
    #expect(called <= 20, "\(called) of 200")
  }

  @Test func `a large effect is found, on its own side`() {
    for trial in 0..<20 {
      let stream = RandomStream(seed: UInt64(trial), purpose: .probe)
      let chosen = models(5, subsets: 1, spread: (0, 0.01), gain: -0.3, stream, from: 0)
      let random = models(10, subsets: 10, spread: (0.01, 0.01), gain: 0, stream, from: 50_000)
      let proof = PruneProof(chosen: chosen, random: random)
      #expect(proof.verdict == .worse && proof.needs == nil, "trial \(trial)")
      #expect(PruneProof(chosen: random, random: chosen + chosen).verdict == .better)
    }
  }

  @Test func `the models of two prunings share random subsets of a size, and the whole set`() throws
  {
    let sources = GivenSources()
    let context = PruneContext(count: 20, seed: 5, sources: sources)
    let half = try PruneStrategy.random.selection(context, keep: 0.5)
    let listed = try PruneSelection(dropping: Array(0..<10), in: context)
    let trials = try PruneTrials(
      [half, listed], of: 20, seeds: 3, randomSubsets: 4, firstSeed: 7, drawSeed: 1)
    let design = trials.design
    // 3 of all, 4 random, 3 + 3 chosen, 3 opposite of the list.
    #expect(design.subsets == 16)
    #expect(trials.cases[0].random == trials.cases[1].random)
    #expect(trials.cases[0].opposite.isEmpty && trials.cases[1].opposite.count == 3)
    let random = trials.cases[0].random.map { design.rows($0, of: 20) }
    #expect(Set(random).count == 4 && random.allSatisfy { $0.count == 10 })
    #expect(trials.cases[0].random.map { design.roles[$0].seed } == [7, 8, 9, 7])
    for one in trials.cases { #expect(one.chosen.map { design.roles[$0].seed } == [7, 8, 9]) }
    #expect(design.rows(trials.cases[1].chosen[0], of: 20) == Array(10..<20))
    #expect(design.rows(trials.cases[1].opposite[0], of: 20) == Array(0..<10))
  }
}
