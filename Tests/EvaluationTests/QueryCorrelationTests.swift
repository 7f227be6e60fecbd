import Randomness
import Tensors
import Testing

@testable import Evaluation

@Suite struct QueryCorrelationTests {
  @Test func `a case by hand, by values and by ranks`() {
    // Query 0: (1,2,4) against (1,3,3.5); query 1 the other way round.
    let predictions = [[1.0, 2, 4], [4.0, 2, 1]]
    let truth = [[1.0, 3, 3.5], [1.0, 3, 3.5]]
    let spearman = QueryCorrelation(.spearman, predictions: predictions, truths: [truth])
    #expect(spearman.perQuery == [1, -1])
    #expect(spearman.mean == 0)
    #expect(spearman.ceiling == nil)
    // Σ(a − 7/3)(b − 5/2) = 7/2, Σ(a − 7/3)² = 14/3, Σ(b − 5/2)² = 7/2.
    let pearson = QueryCorrelation(.pearson, predictions: predictions, truths: [truth])
    let expected = 3.5 / (14.0 / 3 * 3.5).squareRoot()
    #expect(abs(pearson.perQuery[0] - expected) < 1e-12)
  }

  @Test func `the truth is the mean over seeds`() {
    let result = QueryCorrelation(
      .spearman, predictions: [[1, 2, 3]], truths: [[[9, 0, 0]], [[0, 5, 30]]])
    // Means 4.5, 2.5, 15: ranks 2, 1, 3.
    #expect(abs(result.perQuery[0] - 0.5) < 1e-12)
  }

  /// Values with ties, m × M.
  private func values(_ queries: Int, _ items: Int, seed: UInt64) -> [[Double]] {
    let stream = RandomStream(seed: seed, purpose: .probe)
    return (0..<queries).map { q in
      (0..<items).map { Double(stream.integer(below: 7, at: UInt64(q * items + $0))) }
    }
  }

  @Test(arguments: [0, 1, 2] as [UInt64])
  func `the interval is that of a plain loop that sorts every resample`(seed: UInt64) {
    let (m, items, resamples) = (5, 9, 30)
    let (a, b) = (values(m, items, seed: seed), values(m, items, seed: seed + 50))
    let result = QueryCorrelation(
      .spearman, predictions: a, truths: [b], resamples: resamples, seed: seed)
    var means: [Double] = []
    for resample in 0..<resamples {
      let stream = RandomStream(seed: seed, purpose: .bootstrap, index: UInt64(resample))
      let chosen = (0..<items).map { stream.integer(below: items, at: UInt64($0)) }
      var sum = 0.0
      for j in 0..<m {
        let query = stream.integer(below: m, at: UInt64(items + j))
        sum += rankCorrelation(chosen.map { a[query][$0] }, chosen.map { b[query][$0] })
      }
      means.append(sum / Double(m))
    }
    let center = mean(means)
    let expected = 1.96 * mean(means.map { ($0 - center) * ($0 - center) }).squareRoot()
    #expect(abs(result.error - expected) < 1e-12, "seed \(seed)")
    let plain = zip(a, b).map { rankCorrelation($0, $1) }
    #expect(zip(result.perQuery, plain).allSatisfy { abs($0 - $1) < 1e-12 }, "seed \(seed)")
  }

  @Test func `the interval is the same for any thread count`() {
    let (a, b) = (values(4, 8, seed: 1), values(4, 8, seed: 2))
    let results = [1, 2].map { workers in
      Execution.with(workers: workers) {
        QueryCorrelation(.spearman, predictions: a, truths: [b])
      }
    }
    #expect(results[0] == results[1])
  }

  @Test func `the ceiling is the root of the reliability by Spearman–Brown`() throws {
    // Seeds 0 and 1 agree wholly, 2 has rank correlation ½ with both: r = (1 + ½ + ½)/3 = ⅔.
    let truths = [[[1.0, 2, 3]], [[10.0, 20, 30]], [[2.0, 1, 3]]]
    let ceiling = try #require(
      QueryCorrelation(.spearman, predictions: [[1, 2, 3]], truths: truths).ceiling)
    let r = 2.0 / 3
    #expect(abs(ceiling - (3 * r / (1 + 2 * r)).squareRoot()) < 1e-12)
    // Two seeds that contradict each other allow nothing.
    let none = QueryCorrelation(
      .spearman, predictions: [[1, 2, 3]], truths: [[[1, 2, 3]], [[3, 2, 1]]])
    #expect(none.ceiling == 0)
  }
}

@Suite struct LeaveOneOutCorrelationTests {
  /// n = 6, rows 1, 3, 4 left out, two queries, two seeds; outputs fall by `effect` of the row.
  private func outputs(_ effect: [[Float]]) -> [Matrix<Float>] {
    (0..<2).map { seed in
      let base = Float(seed)
      return Matrix(
        [base, base] + [1, 3, 4].flatMap { row in effect.map { base - $0[row] } }, rows: 4,
        columns: 2)
    }
  }

  @Test func `scores that are the effects have correlation 1, their negative −1`() throws {
    let effect: [[Float]] = [[0, 2, 0, -1, 5, 0], [0, -3, 0, 1, 0.5, 0]]
    let design = try SubsetDesign.leaveOneOut(rows: [3, 1, 4], of: 6)
    for sign in [Float(1), -1] {
      let scores = Matrix(effect.flatMap { $0.map { sign * $0 } }, rows: 2, columns: 6)
      let result = try LeaveOneOutCorrelation(
        scores: scores, design: design, outputs: outputs(effect), file: "x.h5")
      #expect(result.rows == [1, 3, 4])
      #expect(abs(result.pearson.mean - Double(sign)) < 1e-12)
      #expect(abs(result.spearman.mean - Double(sign)) < 1e-12)
      #expect(result.spearman.ceiling.map { abs($0 - 1) < 1e-12 } == true)
    }
  }
}

@Suite struct NegativeControlTests {
  @Test func `permuted scores are the same values, in one order for every query`() {
    let scores = Matrix<Float>((0..<40).map { Float($0) }, rows: 2, columns: 20)
    let permuted = NegativeControl.permuted(scores)
    #expect(permuted.row(0).sorted() == scores.row(0))
    #expect(permuted.row(0) != scores.row(0))
    #expect(zip(permuted.row(0), permuted.row(1)).allSatisfy { $1 - $0 == 20 })
  }

  @Test func `scores that made the truth are above chance, their negative below, noise at it`()
    throws
  {
    let scores = NegativeControl.randomScores(queries: 4, trainingExamples: 50, seed: 3)
    let design = try SubsetDesign(subsets: 30, fraction: 0.5)
    let masks = design.masks(of: 50)
    func verdict(_ other: Matrix<Float>, _ sign: Float) -> ControlVerdict {
      let outputs = Matrix<Float>(repeating: 0, rows: 30, columns: 4)
      for subset in 0..<30 {
        for query in 0..<4 {
          var sum: Float = 0
          for i in 0..<50 { sum += masks[subset, i] * scores[query, i] }
          outputs.storage.base[subset * 4 + query] = sign * sum
        }
      }
      let result = LinearDatamodelingScore(
        scores: other, masks: masks, outputs: [outputs], resamples: 2)
      let range = LinearDatamodelingScore.chanceRange(
        scores: other, masks: masks, outputs: [outputs])
      // One query's correlation over M subsets has standard deviation 1/√(M − 1) by chance.
      #expect(range > 0 && range < 1.96 / 29.0.squareRoot() * 1.3)
      return ControlVerdict(result.lds, chanceRange: range)
    }
    #expect(verdict(scores, 1) == .aboveChance)
    #expect(verdict(scores, -1) == .belowChance)
    let noise = NegativeControl.randomScores(queries: 4, trainingExamples: 50, seed: 4)
    #expect(verdict(noise, 1) == .chance)
    #expect(
      NegativeControl.allCases.filter { !$0.expectsChance } == [.randomizedWeights])
  }

  @Test func `queries that are all alike leave the chance range of one query`() throws {
    // Whatever m is: 1.96/√(M − 1), to within the 200 permutations.
    let masks = try SubsetDesign(subsets: 26, fraction: 0.5).masks(of: 30)
    let row = NegativeControl.randomScores(queries: 1, trainingExamples: 30, seed: 5).row(0)
    let truth = NegativeControl.randomScores(queries: 1, trainingExamples: 26, seed: 6).row(0)
    for queries in [1, 4] {
      let scores = Matrix((0..<queries).flatMap { _ in row }, rows: queries, columns: 30)
      let outputs = Matrix(
        truth.flatMap { [Float](repeating: $0, count: queries) }, rows: 26, columns: queries)
      let range = LinearDatamodelingScore.chanceRange(
        scores: scores, masks: masks, outputs: [outputs], permutations: 400)
      #expect(abs(range - 1.96 / 5) < 0.07, "\(queries) queries")
    }
  }
}
