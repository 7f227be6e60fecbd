import Tensors
import Testing

@testable import Curation

@Suite struct MoreStrategyTests {
  @Test func `information that a common class carries counts less than that of a rare one`() throws
  {
    // Classes of 3 and 1 of 4: priors 3/4 and 1/4.
    var sources = GivenSources()
    sources.signals[.probability] = [Matrix([0.5, 0.9, 0.3, 0.3], rows: 1, columns: 4)]
    let context = PruneContext(
      count: 4, classes: [0, 0, 0, 1], classNames: ["a", "b"], sources: sources)
    // PVI: log₂ of 2/3, 6/5, 2/5, 6/5.
    let strategy = try PruneStrategies.standard.strategy(named: "pvi")
    #expect(throws: PruningError.self) { try strategy.selection(context, keep: 0.5) }
    let easiest = try PruneStrategies.standard.strategy(named: "pvi-easiest")
    #expect(try easiest.selection(context, keep: 0.5).kept.contains(3))
    let three = try easiest.selection(context, keep: 0.75)
    #expect(three.kept == [0, 1, 3] && three.dropped.map(\.row) == [2])
  }

  /// Nine examples in three groups of three that are alike.
  private var similarity: Matrix<Float> {
    var s = Matrix<Float>(repeating: 0, rows: 9, columns: 9)
    for i in 0..<9 {
      for j in 0..<9 { s[i, j] = i == j ? 1 : i / 3 == j / 3 ? 0.95 : 0.1 }
    }
    return s
  }

  @Test func `a graph takes one of each hard neighbourhood before two of any`() {
    let hardness: [Float] = [8, 7, 6, 2, 1, 0, 5, 4, 3]
    let picked = PruneStrategy.smoothed(similarity, hardness, 9)
    #expect(Set(picked).count == 9)
    // The hardest of the hardest group; what it takes from its neighbours leaves the third group ahead.
    #expect(picked[0] == 0 && Set(picked.prefix(3).map { $0 / 3 }) == [0, 1, 2])
    #expect(PruneStrategy.smoothed(similarity, hardness, 3) == Array(picked.prefix(3)))
  }

  @Test func `quotas by weights fill small groups, and what they leave goes to the others`() {
    #expect(ClassQuotas.weighted(10, of: [100, 100], by: [3, 1]) == [8, 2])
    #expect(ClassQuotas.weighted(10, of: [2, 100, 100], by: [6, 3, 1]) == [2, 6, 2])
    #expect(ClassQuotas.weighted(6, of: [2, 0, 4], by: [1, 9, 1]) == [2, 0, 4])
    for kept in 0...11 {
      let quotas = ClassQuotas.weighted(kept, of: [5, 1, 5], by: [1, 5, 2])
      #expect(quotas.reduce(0, +) == kept && zip(quotas, [5, 1, 5]).allSatisfy { $0 <= $1 })
    }
  }

  @Test func `a class that others stand for weighs less in a mixture`() {
    // The first two means are one; the third is apart.
    let weights = PruneStrategy.mixture(Matrix([1, 0, 1, 0, 0, 1], rows: 3, columns: 2))
    let expected: [Double] = [5, 1, 2.5]
    #expect(weights == expected)
  }

  @Test func `targets take turns at what is nearest to them`() {
    let cosines = Matrix<Float>([9, 8, 1, 2, 7, 6, 5, 0], rows: 2, columns: 4)
    // The first target takes 0, the second 1 for want of 0, the first 3, the second 2.
    #expect(PruneStrategy.nearestInTurn(cosines, 4) == [0, 1, 3, 2])
  }

  @Test func `whitened, a direction that all share says nothing`() throws {
    // Large in the first column for all, in the second by sign.
    var sources = GivenSources()
    sources.matrix = Matrix(
      (0..<40).flatMap { row -> [Float] in
        [Float(row % 5) * 100, row % 2 == 0 ? 1 : -1]
      }, rows: 40, columns: 2)
    let near = try WhitenedFeatures(PruneContext(count: 40, sources: sources)).cosines(to: [2])
    #expect(abs(near[0, 2] - 1) < 1e-6)
    // Of the mean in the first column, so that only the sign counts.
    #expect(near[0, 12] > 0.99 && near[0, 7] < -0.99)
  }

  @Test func `texts are found by rare words, and drawn by how alike they are`() throws {
    let training: [[Int32]] = [[1, 2, 3], [1, 2, 9], [1, 5, 6], [1, 9, 9]]
    let scores = PruneStrategy.relevance(training, to: [[1, 9], [9, 4]])
    #expect(scores[3] > scores[1] && scores[1] > scores[0])
    let same: Double = scores[0] - scores[2]
    #expect(abs(same) < 1e-12)
    // idf of 9: log(1 + 2.5/2.5); it is once in a text of mean length, and in both queries.
    let nine = 0.693_147_180_56
    let difference: Double = scores[1] - scores[0]
    #expect(abs(difference - nine) < 1e-9)

    var sources = GivenSources()
    let texts = (0..<60).map { row -> [Int32] in
      let first = row < 30 ? 0 : 4
      return (0..<20).map { Int32(first + $0 % 4) }
    }
    sources.words = PruneTexts(training: texts, target: Array(texts[30...]))
    let context = PruneContext(count: 60, seed: 3, sources: sources)
    let kept = try PruneStrategies.standard.strategy(named: "dsir").selection(context, keep: 0.5)
    #expect(kept.kept == Array(30..<60))
    let again = try PruneStrategies.standard.strategy(named: "dsir").selection(context, keep: 0.2)
    #expect(Set(again.kept).isSubset(of: Set(30..<60)) && again.kept.count == 12)
  }
}
