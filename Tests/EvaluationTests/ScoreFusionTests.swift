import LinearAlgebra
import Randomness
import Tensors
import TestSupport
import Testing

@testable import Evaluation

/// Scores, subsets and outputs that a linear datamodel made.
struct DatamodelProblem {
  let scores: Matrix<Float>
  /// w, m × n.
  let truth: Matrix<Float>
  let masks: Matrix<Float>
  /// S matrices of M × m.
  let outputs: [Matrix<Float>]

  /// - Parameters:
  ///   - slope: w = slope · τ + error.
  ///   - proportional: spread of the error in units of |slope · τ|.
  ///   - even: spread of the error that is the same for all.
  ///   - noise: spread of the outputs over seeds.
  init(
    n: Int = 60, queries: Int = 8, subsets: Int = 60, seeds: Int = 1, slope: Float = 1,
    proportional: Float = 0, even: Float = 0, noise: Float = 0, seed: UInt64
  ) throws {
    func normal(_ rows: Int, _ columns: Int, _ index: UInt64) -> Matrix<Float> {
      let result = Matrix<Float>(uninitialized: rows, columns)
      RandomStream(seed: seed, purpose: .probe, index: index)
        .fillGaussian(result.storage.base, count: result.count, scale: 1, from: 0)
      return result
    }
    let tau = normal(queries, n, 0)
    let (first, second) = (normal(queries, n, 1), normal(queries, n, 2))
    let weights = Matrix<Float>(uninitialized: queries, n)
    for i in 0..<weights.count {
      let base = slope * tau.storage.base[i]
      weights.storage.base[i] =
        base + proportional * base * first.storage.base[i] + even * second.storage.base[i]
    }
    scores = tau
    truth = weights
    let drawn = try SubsetDesign(subsets: subsets, fraction: 0.5, seed: seed).masks(of: n)
    masks = drawn
    outputs = (0..<seeds).map { index in
      let sums = product(MatrixView(drawn), MatrixView(weights).transposed)
      let errors = normal(subsets, queries, UInt64(10 + index))
      for i in 0..<sums.count {
        sums.storage.base[i] += 5 + noise * errors.storage.base[i]
      }
      return sums
    }
  }
}

/// Solves A x = b by Gauss with pivots.
private func solved(_ matrix: [[Double]], _ b: [Double]) -> [Double] {
  let n = b.count
  var a = zip(matrix, b).map { $0 + [$1] }
  for c in 0..<n {
    let pivot = (c..<n).max { abs(a[$0][c]) < abs(a[$1][c]) } ?? c
    a.swapAt(c, pivot)
    for r in 0..<n where r != c {
      let factor = a[r][c] / a[c][c]
      for j in c...n { a[r][j] -= factor * a[c][j] }
    }
  }
  return (0..<n).map { a[$0][n] / a[$0][$0] }
}

@Suite struct ScoreFusionTests {
  @Test(arguments: [0, 0.5, 1])
  func `the dual posterior is that of the n weights and a free intercept`(share: Double) throws {
    let problem = try DatamodelProblem(
      n: 7, queries: 1, subsets: 12, proportional: 1, noise: 1, seed: 3)
    let tau = problem.scores.row(0)
    let prior = DatamodelPrior(
      correctionPrecision: nil, signalToNoise: 0.4, evenShare: share)
    let slope = 0.8
    let subsets = DatamodelSubsets(masks: problem.masks)
    let gram = subsets.gram(scores: tau)
    let masks = (0..<12).map { problem.masks.row($0).map(Double.init) }
    let y = (0..<12).map { Double(problem.outputs[0][$0, 0]) }
    let residuals = (0..<12).map { s in
      y[s] - slope * zip(subsets.centred.row(s), tau).reduce(0.0) { $0 + Double($1.0 * $1.1) }
    }
    let solution = try DatamodelSolution(
      gram: gram.blended(with: subsets.even, share: share), rows: Array(0..<12),
      residuals: residuals, signalToNoise: prior.signalToNoise)
    let found = subsets.deviations(solution.dual, scores: tau, scale: gram.scale, prior)
    // Primal, masks as they are: (ZᵀZ + P) (δ, b) = Zᵀ r with P = diag(1/κu), 0 for b.
    let u = tau.map {
      (1 - share) * Double($0) * Double($0) / gram.scale + share / subsets.even.scale
    }
    let rows = masks.map { $0 + [1] }
    var normal = (0..<8).map { i in (0..<8).map { j in rows.reduce(0) { $0 + $1[i] * $1[j] } } }
    for i in 0..<7 { normal[i][i] += 1 / (0.4 * u[i]) }
    let raw = (0..<12).map { s in
      y[s] - slope * zip(masks[s], tau).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    let right = (0..<8).map { i in zip(rows, raw).reduce(0) { $0 + $1.0[i] * $1.1 } }
    let expected = solved(normal, right)
    #expect(relativeDifference(found, Array(expected.prefix(7))) < 1e-4)
  }

  @Test func `shared corrections are the ridge regression on all queries and subsets at once`()
    throws
  {
    let problem = try DatamodelProblem(
      n: 6, queries: 3, subsets: 14, proportional: 1, noise: 1, seed: 9)
    let subsets = DatamodelSubsets(masks: problem.masks)
    let queries = FusionQueries(
      subsets: subsets, scores: problem.scores, outputs: problem.outputs[0])
    // Fitted on some of the subsets, in another order.
    let rows = [13, 0, 5, 2, 9, 7, 4, 11, 6, 1]
    let slopes = [0.7, 1.2, 0.9]
    let found = try ExampleCorrection.factors(
      subsets, queries, rows: rows, slopes: slopes, precisions: [0.5, 4])
    var design: [[Double]] = []
    var observed: [Double] = []
    for query in 0..<3 {
      func centred(_ value: (Int) -> Double) -> [Double] {
        let values = rows.map(value)
        let center = values.reduce(0, +) / Double(rows.count)
        return values.map { $0 - center }
      }
      let columns = (0..<6).map { i in
        centred {
          slopes[query] * Double(problem.masks[$0, i]) * Double(problem.scores[query, i])
        }
      }
      let y = centred { Double(problem.outputs[0][$0, query]) }
      let residuals = rows.indices.map { s in y[s] - columns.reduce(0) { $0 + $1[s] } }
      let sigma =
        (residuals.reduce(0) { $0 + $1 * $1 } / Double(rows.count)).squareRoot()
      for s in rows.indices {
        design.append(columns.map { $0[s] / sigma })
        observed.append(residuals[s] / sigma)
      }
    }
    for (factors, precision) in zip(found, [0.5, 4]) {
      var normal = (0..<6).map { i in
        (0..<6).map { j in design.reduce(0) { $0 + $1[i] * $1[j] } }
      }
      for i in 0..<6 { normal[i][i] += precision }
      let right = (0..<6).map { i in zip(design, observed).reduce(0) { $0 + $1.0[i] * $1.1 } }
      let expected = solved(normal, right)
      #expect(relativeDifference(factors.map { $0 - 1 }, expected) < 1e-4, "λ \(precision)")
    }
  }

  @Test(arguments: [0] as [UInt64])
  func `fused scores predict fresh subsets better than the scores`(seed: UInt64) throws {
    let problem = try DatamodelProblem(
      queries: 16, subsets: 100, slope: 0.2, proportional: 1, noise: 1, seed: seed)
    let fusion = try ScoreFusion(
      scores: problem.scores, masks: problem.masks, outputs: problem.outputs[0])
    let fused = try fusion.fuse(scores: problem.scores, outputs: problem.outputs[0])
    let fresh = try SubsetDesign(subsets: 100, fraction: 0.5, seed: seed + 100).masks(of: 60)
    let truth = product(MatrixView(fresh), MatrixView(problem.truth).transposed)
    let before = LinearDatamodelingScore(
      scores: problem.scores, masks: fresh, outputs: [truth], resamples: 2)
    let after = LinearDatamodelingScore(scores: fused, masks: fresh, outputs: [truth], resamples: 2)
    #expect(after.lds > before.lds + 0.02, "seed \(seed): \(before.lds) to \(after.lds)")
    #expect(fusion.prior.signalToNoise > 0)
    #expect(fusion.report.expectedGain(ofNext: 100) ?? -1 > 0, "seed \(seed)")
  }

  @Test func `fused scores are in units of the output whatever those of the scores`() throws {
    let problem = try DatamodelProblem(subsets: 100, slope: 1, noise: 0.5, seed: 4)
    let scaled = Matrix(problem.scores.elements.map { $0 * 1_000 }, rows: 8, columns: 60)
    func fused(_ scores: Matrix<Float>) throws -> Matrix<Float> {
      try ScoreFusion(scores: scores, masks: problem.masks, outputs: problem.outputs[0])
        .fuse(scores: scores, outputs: problem.outputs[0])
    }
    let one = try fused(problem.scores)
    #expect(relativeDifference(one.elements, try fused(scaled).elements) < 1e-4)
    #expect(relativeDifference(one.elements, problem.truth.elements) < 0.3)
  }

  @Test func `queries fused alone are those fused together`() throws {
    let problem = try DatamodelProblem(proportional: 1, noise: 1, seed: 5)
    let fusion = try ScoreFusion(
      scores: problem.scores, masks: problem.masks, outputs: problem.outputs[0])
    let all = try fusion.fuse(scores: problem.scores, outputs: problem.outputs[0])
    let one = try fusion.fuse(
      scores: Matrix(problem.scores.row(3), rows: 1, columns: 60),
      outputs: problem.outputs[0].columns([3]))
    #expect(relativeDifference(one.elements, all.row(3)) < 1e-5)
  }

  @Test func `scores of zeros and outputs without spread give finite numbers`() throws {
    let problem = try DatamodelProblem(queries: 2, subsets: 20, noise: 1, seed: 6)
    let zeros = Matrix<Float>(repeating: 0, rows: 2, columns: 60)
    let flat = Matrix<Float>(repeating: 2, rows: 20, columns: 2)
    for (scores, outputs) in [
      (zeros, problem.outputs[0]), (problem.scores, flat), (zeros, flat),
    ] {
      let fused = try ScoreFusion(scores: scores, masks: problem.masks, outputs: outputs)
        .fuse(scores: scores, outputs: outputs)
      #expect(fused.elements.allSatisfy { $0.isFinite })
    }
  }

  @Test func `fused scores have the same bits for any thread count`() throws {
    let problem = try DatamodelProblem(subsets: 40, proportional: 1, noise: 1, seed: 7)
    func fused() throws -> (Matrix<Float>, FusionReport) {
      let fusion = try ScoreFusion(
        scores: problem.scores, masks: problem.masks, outputs: problem.outputs[0])
      return (
        try fusion.fuse(scores: problem.scores, outputs: problem.outputs[0]), fusion.report
      )
    }
    let one = try Execution.with(workers: 1) { try fused() }
    let two = try Execution.with(workers: 2) { try fused() }
    #expect(one.0 == two.0 && one.1 == two.1)
  }

  @Test func `the expected gain goes on with the power that the curve had`() throws {
    func report(_ gains: [Double]) -> FusionReport {
      FusionReport(
        subsets: 100, scoresAlone: 0.5,
        curve: zip([25, 50, 80], gains).map { .init(subsets: $0, lds: 0.5 + $1) },
        heldOutError: 0.7)
    }
    // Gains as √M: 0.01 at 25 subsets is 0.02 at 100 and 0.02 √2 at 200.
    let roots = try #require(
      report([0.01, 0.01 * 2.0.squareRoot(), 0.01 * 3.2.squareRoot()]).expectedGain(ofNext: 100))
    #expect(abs(roots - 0.02 * (2.0.squareRoot() - 1)) < 1e-9)
    #expect(report([0.01, 0.01, -0.001]).expectedGain(ofNext: 100) == nil)
    // Faster than M is taken as M.
    let fast = try #require(report([0.001, 0.01, 0.08]).expectedGain(ofNext: 100))
    #expect(abs(fast - 0.1) < 1e-9)
  }

  @Test func `too few subsets are refused`() throws {
    let problem = try DatamodelProblem(subsets: 9, seed: 0)
    let error = diagnosed {
      _ = try ScoreFusion(
        scores: problem.scores, masks: problem.masks, outputs: problem.outputs[0])
    }
    #expect(
      error?.what == "a bank of 9 subsets is too small: cross-validation needs at least 10")
    #expect(
      error?.remedy == "make a larger one: ascribe retrain RUN ‹subsets: 100› ‹seeds: 1›")
  }
}
