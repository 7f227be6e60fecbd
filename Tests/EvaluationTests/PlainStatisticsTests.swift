import Foundation
import LinearAlgebra
import Randomness
import Tensors
import Testing

@testable import Evaluation

/// Statistics beside the plain loops that define them, over seeds.
@Suite struct PlainStatisticsTests {
  /// Values from a seed, with or without ties.
  private func values(_ count: Int, _ seed: UInt64, _ index: UInt64 = 0, ties: Int? = nil)
    -> [Double]
  {
    let stream = RandomStream(seed: seed, purpose: .probe, index: index)
    return (0..<count).map { i in
      ties.map { Double(stream.integer(below: $0, at: UInt64(i))) } ?? stream.uniform(at: UInt64(i))
    }
  }

  /// Rank by counting: values below, and half of those that are equal.
  private func countedRanks(_ a: [Double]) -> [Double] {
    a.map { x in Double(a.count { $0 < x }) + Double(a.count { $0 == x } + 1) / 2 }
  }

  @Test(arguments: 0..<12 as Range<UInt64>, [nil, 3, 8])
  func `ranks are those of counting what is below, whatever the ties`(seed: UInt64, ties: Int?) {
    let a = values(17, seed, ties: ties)
    #expect(ranks(of: a) == countedRanks(a), "seed \(seed)")
    let sum = ranks(of: a).reduce(0, +)
    #expect(sum == 153)
  }

  @Test(arguments: 0..<12 as Range<UInt64>)
  func `rank correlation without ties is 1 − 6 Σd²/(M³ − M), with ties Pearson's of counted ranks`(
    seed: UInt64
  ) {
    let (a, b) = (values(13, seed), values(13, seed, 1))
    let squares = zip(countedRanks(a), countedRanks(b)).reduce(0.0) {
      $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
    }
    #expect(abs(rankCorrelation(a, b) - (1 - 6 * squares / (13 * 13 * 13 - 13))) < 1e-12)
    let (x, y) = (values(13, seed, 2, ties: 4), values(13, seed, 3, ties: 3))
    #expect(
      abs(rankCorrelation(x, y) - plainCorrelation(countedRanks(x), countedRanks(y))) < 1e-12,
      "seed \(seed)")
  }

  @Test(arguments: 0..<12 as Range<UInt64>)
  func `rank correlation sees order alone: monotone maps change nothing, a fall turns its sign`(
    seed: UInt64
  ) {
    let (a, b) = (values(20, seed), values(20, seed, 1))
    let plain = rankCorrelation(a, b)
    #expect(abs(rankCorrelation(a.map { exp(9 * $0) }, b.map { $0 * $0 * $0 }) - plain) < 1e-12)
    #expect(abs(rankCorrelation(a.map { -$0 }, b) + plain) < 1e-12, "seed \(seed)")
    #expect(abs(rankCorrelation(b, a) - plain) < 1e-12)
    let order = RandomStream(seed: seed, purpose: .shuffle).permutation(of: 20)
    let moved = rankCorrelation(order.map { a[$0] }, order.map { b[$0] })
    #expect(abs(moved - plain) < 1e-12, "seed \(seed)")
    #expect(abs(plain) <= 1)
  }

  /// Σ(a − ā)(b − b̄) over the root of both squares, from all pairs: 2n Σ(a − ā)(b − b̄) is the sum
  /// of (a_i − a_j)(b_i − b_j).
  private func plainCorrelation(_ a: [Double], _ b: [Double]) -> Double {
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for i in a.indices {
      for j in a.indices {
        ab += (a[i] - a[j]) * (b[i] - b[j])
        aa += (a[i] - a[j]) * (a[i] - a[j])
        bb += (b[i] - b[j]) * (b[i] - b[j])
      }
    }
    return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : 0
  }

  @Test(arguments: 0..<12 as Range<UInt64>)
  func `Pearson's correlation is that of all pairs' differences, and knows no unit`(seed: UInt64) {
    let (a, b) = (values(15, seed), values(15, seed, 1))
    let plain = plainCorrelation(a, b)
    #expect(abs(correlation(a, b) - plain) < 1e-12, "seed \(seed)")
    #expect(abs(correlation(a.map { 1e6 - 3e-4 * $0 }, b) + plain) < 1e-6, "seed \(seed)")
    #expect(correlation(a, [Double](repeating: 2, count: 15)) == 0)
    #expect(correlation([], []) == 0)
  }

  @Test(arguments: 0..<10 as Range<UInt64>, [4, 40])
  func
    `ROC AUC is the share of pairs in order, ties half, and average precision that of thresholds`(
      seed: UInt64, ties: Int
    ) throws
  {
    let suspicion = values(30, seed, ties: ties).map { Float($0) }
    let planted = values(30, seed, 1, ties: 4).map { $0 == 0 }
    try #require(planted.contains(true) && planted.contains(false), "seed \(seed)")
    let metrics = try #require(DetectionMetrics(suspicion: suspicion, planted: planted))
    var (won, pairs) = (0.0, 0.0)
    for i in 0..<30 where planted[i] {
      for j in 0..<30 where !planted[j] {
        pairs += 1
        won += suspicion[i] > suspicion[j] ? 1 : suspicion[i] == suspicion[j] ? 0.5 : 0
      }
    }
    #expect(abs(metrics.rocAUC - won / pairs) < 1e-12, "seed \(seed)")
    let total = Double(planted.count { $0 })
    var (area, before) = (0.0, 0.0)
    for threshold in Set(suspicion).sorted(by: >) {
      let inside = (0..<30).filter { suspicion[$0] >= threshold }
      let found = Double(inside.count { planted[$0] })
      area += (found - before) / total * found / Double(inside.count)
      before = found
    }
    #expect(abs(metrics.averagePrecision - area) < 1e-12, "seed \(seed)")
    let curve = DetectionMetrics.curve(suspicion: suspicion, planted: planted)
    #expect(curve.count == 31 && curve.first == 0 && curve.last == 1)
    #expect(zip(curve, curve.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(
      [metrics.foundIn5Percent, metrics.foundIn10Percent, metrics.foundIn20Percent]
        == [curve[2], curve[3], curve[6]])
  }

  @Test func `suspicion turned around has the other side of the ROC curve`() throws {
    for seed in 0..<6 as Range<UInt64> {
      let suspicion = values(25, seed, ties: 6).map { Float($0) }
      let planted = (0..<25).map { $0 % 5 == Int(seed % 5) }
      let one = try #require(DetectionMetrics(suspicion: suspicion, planted: planted))
      let other = try #require(
        DetectionMetrics(suspicion: suspicion.map { -$0 }, planted: planted))
      #expect(abs(one.rocAUC + other.rocAUC - 1) < 1e-12, "seed \(seed)")
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `an interval of paired differences covers their mean as often as it says`(seed: UInt64)
    throws
  {
    // 400 samples of 5 normal differences about 0.3: 95 % ± 4 standard errors of √(.95·.05/400).
    var inside = 0
    for sample in 0..<400 {
      let row = NegativeControl.randomScores(
        queries: 1, trainingExamples: 5, seed: seed * 1000 + UInt64(sample)
      ).row(0)
      let mean = PairedMean(row.map { 0.3 + 2 * Double($0) })
      if abs(mean.value - 0.3) <= (try #require(mean.error)) { inside += 1 }
    }
    #expect(abs(Double(inside) / 400 - 0.95) < 4 * 0.0109, "seed \(seed): \(inside)")
  }

  @Test func `Student's quantiles fall with the degrees to the normal one, 90 % below 95 %`() {
    for level in [StudentQuantile.Coverage.ninety, .ninetyFive] {
      let found = (1...200).map { StudentQuantile.both(level, degrees: $0) }
      #expect(zip(found, found.dropFirst()).allSatisfy { $0 > $1 })
      #expect(abs(StudentQuantile.both(level, degrees: 1_000_000) - level.normalQuantile) < 1e-5)
    }
    #expect(
      (1...200).allSatisfy {
        StudentQuantile.both(.ninety, degrees: $0) < StudentQuantile.both(.ninetyFive, degrees: $0)
      })
    // The table, where the series takes over.
    #expect(abs(StudentQuantile.both(.ninetyFive, degrees: 11) - 2.201) < 5e-4)
    #expect(abs(StudentQuantile.both(.ninety, degrees: 30) - 1.697) < 5e-4)
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `one query's slope is that of least squares; alike queries share their correlation`(
    seed: UInt64
  ) {
    let p = values(40, seed)
    let y = zip(p, values(40, seed, 1)).map { 2 * $0 + $1 }
    let alone = SharedSlope(predicted: [p], observed: [y])
    let (meanP, meanY) = (mean(p), mean(y))
    let least =
      zip(p, y).reduce(0.0) { $0 + ($1.0 - meanP) * ($1.1 - meanY) }
      / p.reduce(0.0) { $0 + ($1 - meanP) * ($1 - meanP) }
    #expect(abs(alone.slope(predicted: p, observed: y) - least) < 1e-12, "seed \(seed)")
    #expect(alone.ownShare == 0)
    // The same correlation in other units: nothing of their own, each its slope.
    let scaled = SharedSlope(predicted: [p, p.map { $0 / 5 }], observed: [y, y.map { -3 + $0 }])
    #expect(scaled.ownShare == 0)
    #expect(
      abs(scaled.slope(predicted: p.map { $0 / 5 }, observed: y) - 5 * least) < 1e-12,
      "seed \(seed)")
    #expect(scaled.slope(predicted: p.map { _ in 1 }, observed: y) == 0)
  }

  @Test func `queries that differ beyond chance keep their own correlations`() {
    // Half of 12 queries follow their predictions, half go against them: ρ̄ = 0, t² near 1.
    let many = (0..<12).map { q in values(60, 5, UInt64(q)) }
    let truths = many.enumerated().map { q, p in p.map { q % 2 == 0 ? $0 : -$0 } }
    let shared = SharedSlope(predicted: many, observed: truths)
    #expect(abs(shared.meanCorrelation) < 1e-12)
    // λ = t²/(t² + 1/(M − 1)) with t² = 1 − 1/59.
    let t2 = 1 - 1.0 / 59
    #expect(abs(shared.ownShare - t2 / (t2 + 1.0 / 59)) < 1e-12)
    #expect(shared.slope(predicted: many[0], observed: truths[0]) > 0.95)
    #expect(shared.slope(predicted: many[1], observed: truths[1]) < -0.95)
  }

  @Test(arguments: 0..<6 as Range<UInt64>)
  func `a ranking falls, ties stay in row order, and NaNs are last`(seed: UInt64) {
    var scores = values(20, seed, ties: 5).map { Float($0) }
    scores[Int(seed)] = .nan
    scores[19] = .nan
    let order = SubsetRanking.order(of: scores)
    #expect(order.sorted() == Array(0..<20))
    #expect(Array(order.suffix(2)) == [Int(seed), 19], "seed \(seed)")
    for (a, b) in zip(order.dropLast(2), order.dropLast(2).dropFirst()) {
      #expect(scores[a] > scores[b] || (scores[a] == scores[b] && a < b), "seed \(seed)")
    }
  }

  @Test(arguments: 0..<6 as Range<UInt64>)
  func `masks of a design hold the rows of its subsets, each row in its share of them`(seed: UInt64)
    throws
  {
    let design = try SubsetDesign(subsets: 300, fraction: 0.3, seed: seed)
    let masks = design.masks(of: 20)
    for subset in [0, 7, 299] {
      let rows = (0..<20).filter { masks[subset, $0] == 1 }
      #expect(rows == design.rows(subset, of: 20), "seed \(seed)")
    }
    #expect(masks.elements.allSatisfy { $0 == 0 || $0 == 1 })
    for row in 0..<20 {
      let count = (0..<300).count { masks[$0, row] == 1 }
      // Five standard deviations of a binomial share of 0.3.
      #expect(abs(Double(count) / 300 - 0.3) < 5 * (0.3 * 0.7 / 300).squareRoot(), "row \(row)")
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `LDS is the mean rank correlation of plain sums over the subsets`(seed: UInt64) throws {
    let (m, n, count) = (4, 15, 20)
    let scores = NegativeControl.randomScores(queries: m, trainingExamples: n, seed: seed)
    let masks = try SubsetDesign(subsets: count, fraction: 0.4, seed: seed).masks(of: n)
    let outputs = [1, 2].map {
      NegativeControl.randomScores(queries: count, trainingExamples: m, seed: seed + 10 * $0)
    }
    let found = LinearDatamodelingScore(
      scores: scores, masks: masks, outputs: outputs, resamples: 2)
    var sum = 0.0
    for query in 0..<m {
      let predicted = (0..<count).map { subset in
        (0..<n).reduce(0.0) { $0 + Double(masks[subset, $1]) * Double(scores[query, $1]) }
      }
      let truth = (0..<count).map { s in
        (Double(outputs[0][s, query]) + Double(outputs[1][s, query])) / 2
      }
      let plain = plainCorrelation(countedRanks(predicted), countedRanks(truth))
      #expect(abs(found.perQuery[query] - plain) < 1e-12, "seed \(seed) query \(query)")
      sum += plain
    }
    #expect(abs(found.lds - sum / Double(m)) < 1e-12, "seed \(seed)")
  }
}
