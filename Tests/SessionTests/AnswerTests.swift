import Ascribe
import Foundation
import TestSupport
import Testing

/// Answers are values: what is written as JSON reads back as the same answer.
@Suite("Answers as values", .serialized) struct AnswerTests {
  private func session() throws -> (Session, ScratchFolder) {
    let small = try SmallRun.trained.get()
    return (Session(small.run), small.scratch)
  }

  @Test("a query, with and without an answer, and the mean of all")
  func query() throws {
    let (session, _) = try session()
    for test in ["3,17", "all"] { try requireSame(try session.query(test)) }
    var job = QueryJob(test: "misclassified")
    job.top = 2
    try requireSame(try job.run(in: session).answer)
    #expect(try job.run(in: session).page().html().contains("<html"))
  }

  @Test("a group by its class, its ids")
  func group() throws {
    let (session, _) = try session()
    for group in [GroupJob.Group.label("3"), .ids("3,5,8")] {
      try requireSame(try GroupJob(group: group, test: "all").run(in: session))
    }
    #expect(throws: InfluenceError.self) {
      try GroupJob(group: .ids(""), test: "all").run(in: session)
    }
  }

  @Test("suspects, outputs, a file of scores, weights and their files")
  func others() throws {
    let (session, scratch) = try session()
    try requireSame(try session.mislabeled(top: 5))
    try requireSame(try OutputsJob().run(in: session))
    var scores = ScoreJob()
    scores.out = scratch / "scores.h5"
    let written = try scores.run(in: session)
    #expect(written.queries == 40 && written.trainingExamples == 199)
    try requireSame(try VerifyJob(scratch / "scores.h5").run())
    try requireSame(try ExportWeightsJob(to: scratch / "exported").run(in: session))
    try requireSame(try CheckpointAnswer(reading: scratch / "exported/model.safetensors"))
    try requireSame(TrainingAnswer(session.run))
    try requireSame(MethodsAnswer(.standard))
    var fromFile = QueryJob(test: "3")
    fromFile.scores = scratch / "scores.h5"
    let answer = try fromFile.run(in: session).answer
    try requireSame(answer)
    // Of one query alone products round otherwise than within a block of all.
    let computed = try session.query("3").queries[0]
    #expect(answer.queries[0].helpful.map(\.id) == computed.helpful.map(\.id))
    #expect(answer.queries[0].probability == computed.probability)
  }

  @Test("a stopped job says so and leaves no file")
  func stopped() throws {
    let (open, scratch) = try session()
    let session = Session(open.run, control: JobControl(isCancelled: { true }))
    var scores = ScoreJob()
    scores.out = scratch / "stopped.h5"
    #expect(throws: JobCancelled(isResumable: false)) { try scores.run(in: session) }
    #expect(!FileManager.default.fileExists(atPath: scratch / "stopped.h5"))
    // Nothing is kept that could be gone on with.
    #expect(throws: JobCancelled(isResumable: false)) {
      var collect = CollectJob()
      collect.out = scratch / "stopped-store.h5"
      _ = try collect.run(in: session)
    }
  }
}
