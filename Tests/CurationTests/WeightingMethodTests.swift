import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Curation

@Suite struct WeightingMethodTests {
  private func context(_ change: (inout GivenSources) -> Void) -> PruneContext {
    var sources = GivenSources()
    change(&sources)
    return PruneContext(count: 4, sources: sources)
  }

  private func isNear(_ found: [Float], _ expected: [Float]) -> Bool {
    zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 } && found.count == expected.count
  }

  @Test func `gradient norms are averaged over the epochs and have the mean 1`() throws {
    let norms = context {
      $0.signals[.gradientNorm] = [Matrix([0, 2, 4, 6, 2, 2, 4, 4], rows: 2, columns: 4)]
    }
    // Means 1, 2, 4, 5.
    let whole = try WeightingMethod.gradientNorm.weights(norms)
    let expected: [Float] = [1, 2, 4, 5]
    #expect(isNear(whole, expected.map { $0 / 3 }))
    let half = try WeightingMethod.gradientNorm.weights(norms, strength: 0.5)
    #expect(isNear(half, whole.map { 0.5 + $0 / 2 }))
  }

  @Test func `losses weigh more and self-influence less, half a nat from all alike`() throws {
    let values: [Float] = [1, 1, 3, 3]
    let more = try WeightingMethod.klDRO.weights(
      context { $0.signals[.loss] = [Matrix([9, 9, 9, 9] + values, rows: 2, columns: 4)] })
    #expect(more[0] == more[1] && more[2] == more[3] && more[0] < more[2])
    let shares = more.map { Double($0) / 4 }
    let divergence = shares.reduce(0.0) { $0 + $1 * log(4 * $1) }
    #expect(abs(divergence - 0.5) < 1e-5)
    let less = try WeightingMethod.selfInfluence.weights(context { $0.influences = values })
    #expect(isNear(less, more.reversed()))
    // Whatever their scale.
    let large = WeightingMethod.exponentials([1e6, 1e6, 3e6, 3e6], sign: 1)
    #expect(large[2] == 1 && abs(large[0] * more[2] - more[0]) < 1e-4)
    let alike = try WeightingMethod.klDRO.weights(
      context { $0.signals[.loss] = [Matrix([5, 5, 5, 5], rows: 1, columns: 4)] })
    #expect(alike == [1, 1, 1, 1])
  }

  @Test func `what the others say is wrong counts nothing`() throws {
    // Suspicion is minus the margin.
    let found = try WeightingMethod.plausibility.weights(
      context { $0.suspicions = [-1, 0, 1, 1.5] })
    let expected: [Float] = [8, 4, 0, 0]
    #expect(isNear(found, expected.map { $0 / 3 }))
  }

  @Test func `what helps the trusted counts, and they themselves at least the mean`() throws {
    let found = try WeightingMethod.trusted.weights(
      context { $0.helps = [-1, 0, 3, 1] }, trusted: [0])
    // max(0, help) = 0, 0, 3, 1 with mean 1, which the trusted one gets.
    #expect(isNear(found, [0.8, 0, 2.4, 0.8]))
    let error = diagnosed {
      _ = try WeightingMethod.trusted.weights(
        self.context { $0.helps = [-1, -2, -3, -1] }, trusted: [0])
    }
    #expect(error?.what == "no training example would count by trusted")
  }
}
