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
    let spared = try EditExamples(
      sparing: .file("unread.csv"), [], losing: 0.01, of: influence, seed: 3)
    let parts = [spared.choose, spared.report]
    #expect(parts.map(\.count) == [20, 20])
    #expect(Set(ids(spared.fit)).isSubset(of: ids(spared.choose)) && spared.fit.count == 20)
    // Each test example once.
    #expect(parts.flatMap(ids).sorted() == ids(influence.data.test).sorted())
    #expect(spared.testRows.map { "\(influence.data.test.ids[$0])" } == ids(spared.report))
  }

  @Test(
    "what other targets are to spare is found in training and chosen on half of the test set, if that shows what may be lost",
    arguments: [(0.1, true), (0.005, false)])
  func training(share: Double, isHeldOut: Bool) throws {
    let influence = try Session(SmallRun.trained.get().run).influence()
    let target = EditTarget.label("3")
    let own = try #require(
      try target.rows(in: influence.data.test, isTest: true, of: influence, field: "‹target›"))
    let spared = try EditExamples(
      sparing: target, own, losing: share, of: influence, seed: 3)
    let others = influence.data.test.count - own.count
    let (train, test) = (Set(ids(influence.data.train)), Set(ids(influence.data.test)))
    let threes = Set(
      try #require(
        try target.rows(in: influence.data.train, isTest: false, of: influence, field: "‹target›")
      )
      .map { "\(influence.data.train.ids[$0])" })
    #expect(Set(ids(spared.fit)).isSubset(of: train.subtracting(threes)) && !threes.isEmpty)
    #expect(Set(ids(spared.choose)).isSubset(of: isHeldOut ? test : train))
    #expect(Set(ids(spared.choose)).isDisjoint(with: ids(isHeldOut ? spared.report : spared.fit)))
    #expect(spared.report.count == (isHeldOut ? others - others / 2 : others))
    let threesOfTest = Set(own.map { "\(influence.data.test.ids[$0])" })
    #expect(threesOfTest.isDisjoint(with: ids(spared.report)))
    #expect((isHeldOut ? threesOfTest : threes).isDisjoint(with: ids(spared.choose)))
  }
}
