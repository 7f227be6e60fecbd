import Datasets
import Testing

@testable import Evaluation

@Suite("Changes without a group")
struct GroupChangeTests {
  private let unit = Calibration.Query(
    id: ExampleID("3"), slope: 2, slopeError: 0.5, scoredVariance: 0, evenVariance: 0.04,
    residualSpread: 1,
    seedSpread: nil)

  @Test("by hand: between the sum and the deletion, with the calibration's own error")
  func hand() {
    let found = GroupChange(
      additive: 1, exact: 4, squares: 0.16, count: 9, unit: unit, fraction: 0.5)
    // Sum −2, deletion −8: −√16. Variance 9 · .04 + .25 = .61.
    #expect(abs(found.value + 4) < 1e-12)
    let margin = 1.644854 * 0.61.squareRoot()
    #expect(abs(found.low - (-8 - margin)) < 1e-9 && abs(found.high - (-2 + margin)) < 1e-9)
    // The bank's sums vary by √(.25 · .16) = .2.
    #expect(abs(found.reach - 5) < 1e-12)
  }

  @Test("where both disagree, or there is no deletion, it is the sum")
  func sums() {
    let opposed = GroupChange(
      additive: 1, exact: -4, squares: 1, count: 1, unit: unit, fraction: 0.5)
    #expect(opposed.value == -2 && opposed.low < -2 && opposed.high > 8)
    let alone = GroupChange(
      additive: -1, exact: nil, squares: 0, count: 1, unit: unit, fraction: 0.5)
    #expect(alone.value == 2 && alone.reach == 0)
    #expect(abs((alone.low + alone.high) / 2 - 2) < 1e-12)
  }
}
