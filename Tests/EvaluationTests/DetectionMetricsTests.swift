import Testing

@testable import Evaluation

@Suite struct DetectionMetricsTests {
  @Test func `a perfect ranking finds everything first`() throws {
    let planted = (0..<40).map { $0 < 4 }
    let metrics = try #require(
      DetectionMetrics(suspicion: (0..<40).map { Float(40 - $0) }, planted: planted))
    #expect(metrics.rocAUC == 1)
    #expect(metrics.averagePrecision == 1)
    #expect(metrics.foundIn5Percent == 0.5)
    #expect(metrics.foundIn10Percent == 1)
  }

  @Test func `a constant score is chance whatever the order of the rows`() throws {
    for seed in 0..<5 {
      let planted = (0..<20).map { ($0 * 7 + seed) % 5 == 0 }
      let metrics = try #require(
        DetectionMetrics(suspicion: [Float](repeating: 3, count: 20), planted: planted),
        "seed \(seed)")
      #expect(metrics.rocAUC == 0.5)
      #expect(abs(metrics.averagePrecision - 0.2) < 1e-12)
    }
  }

  @Test func `a case by hand with a tie`() throws {
    // Order: 9 (planted), 5 (planted) tied with 5 (not), 1 (not).
    let metrics = try #require(
      DetectionMetrics(suspicion: [5, 9, 1, 5], planted: [true, true, false, false]))
    // Pairs: (9,5) (9,1) (5,1) won, (5,5) tied: 3.5 of 4.
    #expect(metrics.rocAUC == 0.875)
    // Thresholds 9: precision 1 · recall ½; 5: precision 2/3 · recall ½.
    #expect(abs(metrics.averagePrecision - (0.5 + 0.5 * 2.0 / 3)) < 1e-12)
  }

  @Test func `nothing planted has no metrics`() {
    #expect(DetectionMetrics(suspicion: [1, 2], planted: [false, false]) == nil)
    #expect(DetectionMetrics(suspicion: [1, 2], planted: [true, true]) == nil)
  }

  @Test func `a NaN counts as least suspect`() throws {
    let metrics = try #require(
      DetectionMetrics(suspicion: [.nan, 1, 0], planted: [true, false, false]))
    #expect(metrics.rocAUC == 0)
  }
}
