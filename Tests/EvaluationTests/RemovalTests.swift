import Randomness
import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite struct PairedMeanTests {
  @Test func `three differences by hand`() throws {
    let mean = PairedMean([1, 2, 3])
    #expect(mean.value == 2)
    #expect(abs(try #require(mean.error) - 4.303 / 3.0.squareRoot()) < 1e-12)
    #expect(PairedMean([5]).error == nil)
  }
}

@Suite struct RemovalCurvesTests {
  /// Full, then sizes 1 and 2 from the top, the bottom and two random draws.
  private func design() throws -> SubsetDesign {
    try .removal(
      order: Array(0..<10), fractions: [0.1, 0.2], draws: 2, ranking: .byHand)
  }

  @Test func `changes are against the full set, gaps against the mean of the draws, by seed`()
    throws
  {
    let design = try design()
    func values(_ full: Double, _ top: [Double], _ bottom: [Double], _ random: [[Double]])
      -> [Double]
    {
      design.roles.map { role in
        let size = role.removed - 1
        return switch role.side {
        case .top: full + top[size]
        case .bottom: full + bottom[size]
        case .random: full + random[role.draw ?? 0][size]
        default: full
        }
      }
    }
    let curves = try RemovalCurves(
      design: design,
      values: [
        values(10, [-2, -4], [1, 1], [[0, -1], [0, -1]]),
        values(20, [-3, -5], [0, 0], [[-1, -1], [1, -1]]),
      ], file: "x.h5")
    #expect(curves.full == 15)
    let (top, bottom, random) = (curves.curves[0], curves.curves[1], curves.curves[2])
    #expect(top.side == .top && bottom.side == .bottom && random.side == .random)
    #expect(top.points.map(\.removed) == [1, 2])
    #expect(top.points.map(\.change.value) == [-2.5, -4.5])
    #expect(random.points.map(\.change.value) == [0, -1])
    // Gaps: seed 0 −2, −3; seed 1 −3, −4.
    #expect(top.points.map { $0.againstRandom?.value } == [-2.5, -3.5])
    #expect(random.points[0].againstRandom == nil && random.area == nil)
    // Areas from (0, 0): seed 0 (1 + 2.5)/2, seed 1 (1.5 + 3.5)/2.
    #expect(top.area?.value == -(1.75 + 2.5) / 2)
    #expect(bottom.area.map { $0.value > 0 } == true)
    // Two seeds: t = 12.706, standard deviation of −1.75 and −2.5 is 0.75/√2.
    let error = try #require(top.area?.error)
    #expect(abs(error - 12.706 * 0.75 / 2) < 1e-9)
  }

  @Test func `a bank without the full set or random removals is refused`() throws {
    let list = try SubsetDesign.list([[0, 1], [1, 2]], of: 4)
    let error = diagnosed {
      _ = try RemovalCurves(design: list, values: [[1, 2]], file: "x.h5")
    }
    #expect(
      error?.description == """
        error: the bank cannot be read: it has no models of the whole training set
          at:  x.h5
          fix: make it again: ascribe retrain RUN ‹overwrites›
        """)
    let full = try SubsetDesign.list([[0, 1, 2, 3]], of: 4)
    let random = diagnosed { _ = try RemovalCurves(design: full, values: [[1]], file: "x.h5") }
    #expect(random?.what == "the bank cannot be read: it has no random removals")
  }
}

@Suite struct BrittlenessTests {
  @Test func `votes: the majority, of equal shares the base, else the first class`() {
    #expect(Brittleness.majority([2, 1, 2], keeping: 1) == 2)
    #expect(Brittleness.majority([2, 1], keeping: 2) == 2)
    #expect(Brittleness.majority([2, 1], keeping: nil) == 1)
    #expect(Brittleness.majority([2, 1], keeping: 0) == 1)
  }

  @Test func `the smallest flip is the first size whose models mostly say another class`() throws {
    let design = try SubsetDesign.brittleness(
      orders: [(query: 1, order: [0, 1, 2, 3, 4]), (query: 0, order: [4, 3, 2, 1, 0])],
      counts: [1, 3], draws: 2, of: 5, ranking: .byHand)
    // Query 1 flips without 3 of its own; query 0 never; one of two random draws of 3 flips both.
    let result = try Brittleness(design: design, seeds: 3, file: "x.h5") { subset, seed in
      let role = design.roles[subset]
      if role.side == .top && role.query == 1 && role.removed == 3 {
        return [0, seed == 2 ? 0 : 4]
      }
      if role.side == .random && role.removed == 3 && role.draw == 1 { return [2, 2] }
      // One seed of the full models disagrees: the majority counts.
      return seed == 1 && role.side == .full ? [3, 3] : [0, 0]
    }
    #expect(result.sizes == [1, 3])
    #expect(result.queries.map(\.row) == [1, 0])
    #expect(result.queries.map(\.predicted) == [0, 0])
    #expect(result.queries.map(\.smallestFlip) == [3, nil])
    #expect(result.queries.map(\.smallestRandomFlip) == [nil, nil])
    #expect(result.flipped == [0, 0.5])
    #expect(result.randomlyFlipped == [0, 0.5])
    #expect(result.medianFlip == 3)
    #expect(result.advantage(at: 1).value == 0)
  }
}

@Suite struct DetectionErrorsTests {
  @Test func `a perfect ranking has no spread, a random one has`() {
    let planted = (0..<60).map { $0 % 6 == 0 }
    let perfect = DetectionErrors(
      suspicion: planted.map { $0 ? 1 : 0 }, planted: planted, resamples: 20)
    #expect(perfect.rocAUC == 0 && perfect.averagePrecision == 0)
    let noise = NegativeControl.randomScores(queries: 1, trainingExamples: 60).row(0)
    let random = DetectionErrors(suspicion: noise, planted: planted, resamples: 50)
    // Standard error of ROC AUC at chance: √((P + N + 1)/(12 P N)) = 0.101 for 10 of 60.
    #expect(random.rocAUC > 0.1 && random.rocAUC < 0.35)
  }

  @Test func `the errors are the same for any thread count`() {
    let planted = (0..<40).map { $0 % 4 == 0 }
    let noise = NegativeControl.randomScores(queries: 1, trainingExamples: 40).row(0)
    let count = Workers.count
    defer { Workers.count = count }
    Workers.count = 1
    let one = DetectionErrors(suspicion: noise, planted: planted, resamples: 10)
    Workers.count = 2
    #expect(one == DetectionErrors(suspicion: noise, planted: planted, resamples: 10))
  }
}
