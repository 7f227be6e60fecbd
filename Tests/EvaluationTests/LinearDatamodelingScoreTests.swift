import LinearAlgebra
import Randomness
import Tensors
import Testing

@testable import Evaluation

@Suite struct LinearDatamodelingScoreTests {
  @Test func `tied values share their mean rank`() {
    #expect(ranks(of: [10, 20, 10, 5]) == [2.5, 4, 2.5, 1])
  }

  @Test func `rank correlation by hand`() {
    #expect(abs(rankCorrelation([1, 2, 3, 4], [10, 20, 40, 30]) - 0.8) < 1e-12)
    #expect(rankCorrelation([1, 2, 3], [9, 4, 1]) == -1)
    #expect(rankCorrelation([1, 1, 1], [1, 2, 3]) == 0)
  }

  /// A truth that is the sum of the scores over the subset, plus noise of a seed.
  private func problem(noise: Double, seed: UInt64) throws -> (
    scores: Matrix<Float>, masks: Matrix<Float>, outputs: [Matrix<Float>]
  ) {
    let stream = RandomStream(seed: seed, purpose: .probe)
    let scores = Matrix<Float>(uninitialized: 8, 60)
    stream.fillGaussian(scores.storage.base, count: scores.count, scale: 1, from: 0)
    let masks = try SubsetDesign(subsets: 40, fraction: 0.5, seed: seed).masks(of: 60)
    let sums = product(MatrixView(masks), MatrixView(scores).transposed)
    let outputs = (0..<3).map { index -> Matrix<Float> in
      let result = Matrix<Float>(uninitialized: 40, 8)
      RandomStream(seed: seed, purpose: .bootstrap, index: UInt64(100 + index))
        .fillGaussian(result.storage.base, count: result.count, scale: Float(noise), from: 0)
      for i in 0..<result.count { result.storage.base[i] += sums.storage.base[i] }
      return result
    }
    return (scores, masks, outputs)
  }

  @Test(arguments: [0, 1, 2] as [UInt64])
  func `the scores that made the truth have LDS 1, their negative −1, random ones 0`(
    seed: UInt64
  ) throws {
    let (scores, masks, outputs) = try problem(noise: 0, seed: seed)
    let exact = LinearDatamodelingScore(
      scores: scores, masks: masks, outputs: outputs, resamples: 20)
    #expect(exact.lds > 0.999, "seed \(seed)")
    #expect(exact.ceiling.map { $0 > 0.999 } == true, "seed \(seed)")
    let negative = Matrix(scores.elements.map { -$0 }, rows: 8, columns: 60)
    #expect(
      LinearDatamodelingScore(scores: negative, masks: masks, outputs: outputs, resamples: 20).lds
        < -0.999, "seed \(seed)")
    let random = Matrix<Float>(uninitialized: 8, 60)
    RandomStream(seed: seed + 77, purpose: .probe)
      .fillGaussian(random.storage.base, count: random.count, scale: 1, from: 0)
    let control = LinearDatamodelingScore(
      scores: random, masks: masks, outputs: outputs, resamples: 50)
    #expect(abs(control.lds) < 3 * max(control.ldsError, 0.05), "seed \(seed)")
  }

  @Test func `noise of the truth lowers LDS to about its ceiling`() throws {
    let (scores, masks, outputs) = try problem(noise: 6, seed: 5)
    let result = LinearDatamodelingScore(
      scores: scores, masks: masks, outputs: outputs, resamples: 20)
    let ceiling = try #require(result.ceiling)
    #expect(ceiling < 0.9 && ceiling > 0.3)
    #expect(abs(result.lds - ceiling) < 0.15)
  }

  @Test func `subsets are drawn again, of their size, and different`() throws {
    let design = try SubsetDesign(subsets: 5, fraction: 0.3, seed: 9)
    let rows = (0..<5).map { design.rows($0, of: 50) }
    #expect(rows.allSatisfy { $0.count == 15 && $0 == $0.sorted() && Set($0).count == 15 })
    #expect(Set(rows).count == 5)
    #expect(rows == (0..<5).map { design.rows($0, of: 50) })
  }

  @Test func `designs that cannot be drawn are refused`() {
    for (subsets, fraction) in [(0, 0.5), (5, 0), (5, 1), (5, .nan)] {
      #expect(throws: EvaluationError.self) {
        try SubsetDesign(subsets: subsets, fraction: fraction)
      }
    }
    let error = EvaluationError.noBank(path: "Checkpoints/a/bank.h5", run: "a")
    #expect(
      error.description == """
        error: there is no bank of retrained models
          at:  Checkpoints/a/bank.h5
          fix: make one: ascribe retrain a ‹subsets: 50› ‹fraction: 0.5› ‹seeds: 3›
        """)
  }
}
