import Ascribe
import Datasets
import Testing

@testable import Session

/// Which examples an edit is found on, chosen on and told of.
@Suite("Examples of an edit") struct EditExamplesTests {
  private func ids(_ data: Dataset) -> [String] { data.ids.map { "\($0)" } }

  @Test("what a file's target is to spare is of the test set alone: training may have its trigger")
  func file() throws {
    let influence = try Session(SmallRun.trained.get().run).influence()
    let spared = try EditExamples(sparing: .file("unread.csv"), [], of: influence, seed: 3)
    let parts = [spared.fit, spared.choose, spared.report]
    #expect(parts.map(\.count) == [13, 13, 14])
    // Each test example once.
    #expect(parts.flatMap(ids).sorted() == ids(influence.data.test).sorted())
    #expect(spared.testRows.map { "\(influence.data.test.ids[$0])" } == ids(spared.report))
  }

  @Test("what other targets are to spare is found in training and told of the test set")
  func training() throws {
    let influence = try Session(SmallRun.trained.get().run).influence()
    let target = EditTarget.label("3")
    let own = try #require(try target.rows(in: influence.data.test, isTest: true, of: influence))
    let spared = try EditExamples(sparing: target, own, of: influence, seed: 3)
    let train = Set(ids(influence.data.train))
    let found = ids(spared.fit) + ids(spared.choose)
    #expect(Set(found).isSubset(of: train) && Set(found).count == found.count)
    let threes = Set(
      try #require(try target.rows(in: influence.data.train, isTest: false, of: influence))
        .map { "\(influence.data.train.ids[$0])" })
    #expect(threes.isDisjoint(with: found) && !threes.isEmpty)
    #expect(spared.report.count == influence.data.test.count - own.count)
  }
}
