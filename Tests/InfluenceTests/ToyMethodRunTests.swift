import Foundation
import Gradients
import Projections
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("A method of one's own on a run")
struct ToyMethodRunTests {
  @Test("is scored, collected, kept with its description and planned, by its row alone")
  func wholeWay() throws {
    let run = try DigitsRun()
    let influence = run.influence
    let request = ScoringRequest(method: .halfDot)
    let scoring = try influence.resolved(request, methods: .withToy)
    #expect(scoring.options.outputFunction == .margin && !scoring.usesFeatures)
    let exact = try influence.ensemble(scoring)
    let test = influence.data.test
    let scores = try exact.scores(test)
    #expect(try exact.top(test, limit: 3).count == test.count)

    // Collected, stopped half-way and gone on with: the bytes of a collection that was not.
    let work = try influence.collecting(
      for: .halfDot, projection: ProjectionChoice(kind: .identity, dimension: 1))
    #expect(work.parts.map(\.target.name) == ["margin"])
    struct Stop: Error {}
    let path = work.parts[0].path
    #expect(throws: Stop.self) {
      try work.parts[0].collection.collect(influence.data.train, to: path) { done, total in
        if done == total / 2 { throw Stop() }
      }
    }
    #expect(!FileManager.default.fileExists(atPath: path))
    try work.parts[0].collection.collect(influence.data.train, to: path)
    let whole = run.folder / "whole.h5"
    try work.parts[0].collection.collect(influence.data.train, to: whole)
    #expect(
      try FeatureStoreReader(path).readRows(group: work.references[0].groupName, 0..<40).elements
        == FeatureStoreReader(whole).readRows(group: work.references[0].groupName, 0..<40).elements)
    let features = try influence.ensemble(
      ScoringRequest(method: .halfDot, kernel: .features), methods: .withToy)
    #expect(relativeDifference(try features.scores(test).elements, scores.elements) < 1e-4)

    // A store of another function is refused by the field's name.
    let error = diagnosed {
      _ = try influence.ensemble(
        ScoringRequest(method: .halfDot, outputFunction: .logProbability, kernel: .features),
        methods: .withToy)
    }
    guard case .fingerprintMismatch(let field, _, _, _)? = error as? StorageError else {
      Issue.record("no mismatch: \(String(describing: error))")
      return
    }
    #expect(field == "outputFunction")

    // What it takes.
    let shape = WorkShape(network: try influence.network, examples: 40, queries: 8)
    let cost = ScoringCost(.halfDot, shape, checkpoints: 2)
    #expect(cost.flops == ScoringCost(.graddot, shape, checkpoints: 2).flops && cost.flops > 0)
    let estimate = try #require(try influence.estimate(scoring, queries: 8))
    #expect(estimate.method == .halfDot && estimate.flops > 0)
  }
}
