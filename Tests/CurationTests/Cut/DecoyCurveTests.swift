import Foundation
import Testing

@testable import Curation

@Suite("Curve of decoys and its bound")
struct DecoyCurveTests {
  /// A pass whose suspicion by EL2N is given; decoys have label 1, the others 0.
  static func pass(_ suspicion: [Float], decoys: [Int]) -> DecoyPass {
    var labels = [Int32](repeating: 0, count: suspicion.count)
    for row in decoys { labels[row] = 1 }
    return DecoyPass(
      decoys: Decoys(kind: .uniform, rows: decoys, labels: labels),
      margins: suspicion.map { -$0 }, el2n: suspicion,
      suggested: [Int32](repeating: 0, count: suspicion.count))
  }

  @Test("points by hand: decoys found, and the others as many as in the whole set")
  func byHand() {
    // Decoys at 9 and 5; others at 8, 7, 5, 1: 6 / 4 of them stand for the whole set.
    let curve = DecoyCurve([Self.pass([9, 8, 7, 5, 5, 1], decoys: [0, 3])], .el2n)
    #expect(
      curve.points == [
        .init(threshold: 9, found: 1, others: 0), .init(threshold: 5, found: 2, others: 4.5),
      ])
    #expect(curve.decoys == 2 && curve.recall(curve.points[0]) == 0.5)
  }

  @Test("two trainings are one curve whose others are their mean")
  func pooled() {
    let one = Self.pass([9, 8, 1, 0], decoys: [0])
    let two = Self.pass([5, 8, 6, 0], decoys: [0])
    let curve = DecoyCurve([one, two], .leaveOneOutMargin)
    #expect(curve.points.map(\.threshold) == [9, 5] && curve.points.map(\.found) == [1, 2])
    // 8 of the first; 8 and 6 of the second: 3 · (4/3) / 2.
    #expect(curve.points.map(\.others) == [0, 2])
  }

  @Test("equal suspicions are one threshold", arguments: [1, 3])
  func ties(decoys: Int) {
    let curve = DecoyCurve(
      [Self.pass([Float](repeating: 2, count: 6), decoys: Array(0..<decoys))], .el2n)
    #expect(curve.points.count == 1)
    #expect(curve.points[0].found == decoys && abs(curve.points[0].others - 6) < 1e-12)
  }

  /// A set with wrong labels whose suspicion is that of decoys, and others below.
  static func simulated(wrong: Int, seed: UInt64) -> [DecoyPass] {
    var state = seed
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / Double(1 << 24)
    }
    func normal() -> Double { (0..<12).reduce(0) { sum, _ in sum + uniform() } - 6 }
    return (0..<2).map { _ in
      let values = (0..<3_000).map { i in Float(i < 120 + wrong ? normal() + 3.5 : normal()) }
      return pass(values, decoys: Array(0..<120))
    }
  }

  @Test(
    "planted wrong labels are counted: near the truth and within nine of ten intervals",
    arguments: [60, 150, 600])
  func counted(wrong: Int) {
    var (held, near) = (0, 0)
    for seed in 0..<40 as Range<UInt64> {
      let bound = DecoyBound(DecoyCurve(Self.simulated(wrong: wrong, seed: seed), .el2n))
      let truth = Double(wrong) * 3_000 / 2_880
      if bound.low <= truth && truth <= bound.high { held += 1 }
      if abs(bound.estimate - truth) <= 15 + 0.2 * truth { near += 1 }
    }
    #expect(held >= 32 && near >= 36, "\(held) held, \(near) near")
  }

  @Test("the cut is the lowest threshold that is as precise as asked; none where none is")
  func cut() throws {
    // Others: 4 wrong above all decoys but the last, then 4 right ones.
    let curve = DecoyCurve(
      [Self.pass([10, 9.5, 9, 8, 7, 6, 6, 6, 6, 5], decoys: [0, 9])], .el2n)
    #expect(curve.points.map(\.found) == [1, 2] && curve.points.map(\.others) == [0, 10])
    #expect(curve.point(precision: 0.5, wrong: 5)?.threshold == 5)
    #expect(curve.point(precision: 0.6, wrong: 5) == nil)
  }
}
