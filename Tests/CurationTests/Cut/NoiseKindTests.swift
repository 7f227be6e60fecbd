import Randomness
import Testing

@testable import Curation

@Suite("Kind of noise")
struct NoiseKindTests {
  /// Pairs of a label and a suggestion by a rule of (position, random number below 90).
  static func pairs(
    _ count: Int, seed: UInt64, _ rule: (Int, Int) -> (Int, Int)
  ) -> [NoiseKind.Pair] {
    let stream = RandomStream(seed: seed, purpose: .probe)
    return (0..<count).map { i in
      let (given, suggested) = rule(i, stream.integer(below: 90, at: UInt64(i)))
      return (given: Int32(given), suggested: Int32(suggested))
    }
  }

  static func uniform(_ count: Int, seed: UInt64) -> [NoiseKind.Pair] {
    pairs(count, seed: seed) { _, draw in
      let (given, other) = (draw / 9, draw % 9)
      return (given, other < given ? other : other + 1)
    }
  }

  static func kind(_ suspects: [NoiseKind.Pair], seed: UInt64) -> NoiseKind {
    NoiseKind(suspects: suspects, decoys: uniform(180, seed: seed + 500), classes: 10, seed: seed)
  }

  @Test("uniform suspects are called another kind in about two of a hundred draws")
  func uniformIsUniform() {
    let kinds = (0..<12).map { Self.kind(Self.uniform(200, seed: UInt64($0)), seed: UInt64($0)) }
    // 4 or more of 12 come once in ten thousand.
    #expect(kinds.count { $0 != .uniform } <= 3, "\(kinds.filter { $0 != .uniform })")
  }

  @Test("the next label is pairs, labels of few classes are by label, seven suspects are few")
  func others() {
    for seed in 0..<3 as Range<UInt64> {
      let next = Self.pairs(100, seed: seed) { _, draw in ((draw % 10 + 1) % 10, draw % 10) }
      #expect(Self.kind(next, seed: seed) == .pairs, "seed \(seed)")
      let few = Self.pairs(60, seed: seed) { i, _ in [(1, 7), (7, 2), (6, 5), (8, 3)][i % 4] }
      #expect(Self.kind(few, seed: seed) == .byLabel, "seed \(seed)")
      // All of one class, with any label: the labels alone show nothing.
      let one = Self.pairs(60, seed: seed) { _, draw in (draw % 9 + 1, 0) }
      #expect(Self.kind(one, seed: seed) == .byLabel, "seed \(seed)")
      #expect(Self.kind(Self.uniform(7, seed: seed), seed: seed) == .few)
    }
  }

  @Test("the chance of a difference is its rank among random splits")
  func chance() {
    // First sample all in cell 0, second all in cell 1: no split of 12 differs more; 2 of 924 as much.
    let apart = HistogramTest(
      cells: [Int](repeating: 0, count: 6) + [Int](repeating: 1, count: 6), count: 2, first: 6)
    // Two cells of (1 − 0)² / 6.
    #expect(abs(apart.statistic(Array(0..<12)) - 1.0 / 3) < 1e-12)
    #expect(apart.chance(permutations: 199, seed: 1, index: 9) <= 0.02)
    let same = HistogramTest(cells: [0, 1, 0, 1], count: 2, first: 2)
    #expect(same.chance(permutations: 99, seed: 1, index: 9) == 1)
  }
}
