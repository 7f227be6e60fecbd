import Datasets
import Foundation
import Networks
import Storage
import Synchronization
import TestSupport
import Testing
import Training

@testable import Influence

@Suite("What made a score")
struct ScoreDescriptionTests {
  @Test("a description is read back from its JSON, damping in order, whatever its names")
  func roundTrip() throws {
    let data = Problem.classes(12, seed: 1)
    var description = ScoreDescription(
      run: "r",
      options: try ScoringOptions(method: .trak, classification: true, exampleWeight: nil),
      checkpoints: ["c1", "c0"],
      damping: ["c1 (trak)", "c0 (trak)", "c1 (a)"].enumerated().map {
        .init(
          name: $1,
          report: DampingReport(
            rule: .standard, damping: Double($0) / 3, meanEigenvalue: Double($0) / 3))
      },
      kernel: .init(name: "kronecker 16 of 512", kind: .features, projector: "kronecker 16"),
      train: data, queries: data, identity: .sample, layers: "512")
    for dimension in [nil, 16] {
      description.kernel.dimension = dimension
      let bytes = try JSONEncoder().encode(description)
      #expect(try JSONDecoder().decode(ScoreDescription.self, from: bytes) == description)
      let keys = try #require(
        try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
      )
      #expect(keys["kernel"] as? String == "kronecker 16 of 512")
      #expect((keys["damping"] as? [String: Any])?.count == 3)
      #expect(keys["projectionDimension"] as? Int == dimension)
    }
    #expect(description.dampingSummaries.map(\.checkpoint) == ["c1 (trak)", "c0 (trak)", "c1 (a)"])
  }

  @Test("the header of a former version is read, without what it did not record")
  func former() throws {
    let text = """
      {"run":"r","method":"trak","outputFunction":"margin","unit":"u","sign":"s",
      "exampleWeight":"final","checkpoints":["c0"],"kernel":"exact of fc1","trainHash":"a",
      "queryHash":"b","damping":{"c1 (trak)":{"rule":"mean","damping":2,"meanEigenvalue":2},
      "c0 (trak)":{"rule":"mean","damping":1,"meanEigenvalue":1}}}
      """
    let found = try JSONDecoder().decode(ScoreDescription.self, from: Data(text.utf8))
    #expect(found.kernel == .init(name: "exact of fc1", kind: .exact))
    #expect(found.damping.map(\.name) == ["c0 (trak)", "c1 (trak)"])
    #expect(found.identity == nil && found.engine == nil && found.dampingRule == nil)
    #expect(found.fingerprint["kernel"] == "exact of fc1")
  }

  @Test("the projection dimension is that of the projector; an exact kernel has none")
  func dimension() throws {
    let run = try DigitsRun()
    try run.collect(.rademacher, k: 12)
    func description(_ kernel: ScoringRequest.Kernel) throws -> ScoreDescription {
      try ScoreDescription(
        try run.influence.ensemble(ScoringRequest(method: .trak, kernel: kernel)),
        of: run.influence, queries: run.influence.data.test)
    }
    let (features, exact) = (try description(.features), try description(.exact))
    #expect(
      features.kernel
        == .init(
          name: "rademacher 12", kind: .features, projector: "rademacher 12", dimension: 12))
    #expect(exact.kernel == .exact)
    #expect(exact.run == "tiny" && exact.damping.count == 2)
    #expect(exact.identity?.weights.map(\.checkpoint) == exact.checkpoints)
    #expect(exact.trainHash == "\(run.influence.data.train.contentHash)")
    #expect(exact.sign == signSentence)
  }

  @Test("a checkpoint is read once, however many ask for it", arguments: [false, true])
  func readOnce(onFeatures: Bool) throws {
    let digits = try DigitsRun()
    if onFeatures { try digits.collect(.rademacher, k: 12) }
    let reads = Mutex<[String]>([])
    let run = digits.influence.run
    let influence = try RunInfluence(run) { reference in
      reads.withLock { $0.append(reference.name) }
      return try run.parameters(of: reference)
    }
    let ensemble = try influence.ensemble(
      ScoringRequest(
        method: .trak, checkpoints: .all, kernel: onFeatures ? .features : .exact))
    let test = influence.data.test
    for _ in 0..<2 {
      let found = try influence.predictions(for: test)
      let expected = try run.predictor(run.checkpoint()).predictions(for: test)
      #expect(found.logits == expected.logits)
    }
    _ = try ensemble.top(test, limit: 2)
    #expect(reads.withLock { $0.sorted() } == run.checkpoints.map(\.name).sorted())
  }

  @Test("the cache keeps the last checkpoint and those that others hold, no more")
  func bounded() throws {
    let digits = try DigitsRun()
    let run = digits.influence.run
    let reads = Mutex(0)
    let cache = CheckpointCache { reference in
      reads.withLock { $0 += 1 }
      return try run.parameters(of: reference)
    }
    let checkpoints = run.checkpoints
    let held = try cache.parameters(of: checkpoints[0])
    for reference in checkpoints.dropFirst() { _ = try cache.parameters(of: reference) }
    #expect(reads.withLock { $0 } == checkpoints.count)
    // The first is held here, the last by the cache; the others were let go.
    #expect(try cache.parameters(of: checkpoints[0]) == held)
    _ = try cache.parameters(of: checkpoints[checkpoints.count - 1])
    #expect(reads.withLock { $0 } == checkpoints.count)
    _ = try cache.parameters(of: checkpoints[1])
    #expect(reads.withLock { $0 } == checkpoints.count + 1)
  }
}
