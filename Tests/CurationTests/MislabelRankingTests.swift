import Curation
import Testing

@Suite("Mislabel rankings")
struct MislabelRankingTests {
  @Test("most suspect first, ties in row order, NaN last")
  func order() {
    let ranking = MislabelRanking(signal: .loss, suspicion: [1, .nan, 3, 1, .infinity, -2])
    #expect(ranking.order == [4, 2, 0, 3, 5, 1])
  }
}
