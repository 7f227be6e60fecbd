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
}
