import Ascribe
import Foundation
import TestSupport
import Testing

@testable import Session

/// Methods beside each other, and runs beside each other.
@Suite("Comparisons", .serialized) struct ComparisonTests {
  @Test(
    "methods are scored, judged where there is a truth, and what one cannot do stands in its row")
  func methods() throws {
    let small = try SmallRun()
    let session = Session(small.run)
    var bank = RetrainJob(.random(subsets: 8))
    bank.seeds = 1
    _ = try bank.run(in: session)
    _ = try RetrainJob(.sameRun(removed: 0.01, subsets: 8)).run(in: session)
    var job = MethodsComparisonJob([.graddot, .tracin, .magic])
    let answer = try job.run(in: session).answer
    try requireSame(answer)
    #expect(answer.methods.map(\.method) == ["graddot", "tracin", "magic"])
    #expect(answer.methods.allSatisfy { $0.reason == nil && $0.lds != nil && $0.sameRun != nil })
    #expect(answer.agreement.count == 3 && answer.agreement.allSatisfy { $0.count == 3 })
    for i in 0..<3 {
      #expect(abs(answer.agreement[i][i] - 1) < 1e-9)
      #expect(answer.agreement[i][0] == answer.agreement[0][i])
    }
    // Without what helped most the loss rises more than without random examples.
    let random = try #require(answer.randomLossDifference)
    for row in answer.methods { #expect(try #require(row.queryLossDifference) > abs(random)) }
    #expect(answer.text.contains("Loss without top"))
    // The bank has the same truth as the evaluation of one method.
    var single = LDSJob(scoring: ScoringRequest(method: .magic))
    #expect(try single.run(in: session).answer.lds == answer.methods[2].lds)
    single.sameRun = SameRunRequest()
    #expect(try single.run(in: session).answer.lds == answer.methods[2].sameRun)
    #expect(answer.text.contains("magic"))
    #expect(try answer.page.html().contains("Methods on s"))
    // A budget leaves out what does not fit, and says so; a refusal is a row.
    job.methods = [.magic, .trak]
    job.minutes = 1e-9
    let none = try job.run(in: session).answer
    #expect(none.methods.allSatisfy { $0.reason?.contains("over the budget") == true })
    job.minutes = nil
    job.scoring = ScoringRequest(kernel: .features)
    let refused = try job.run(in: session).answer
    #expect(refused.methods[0].reason?.contains("goes through the training") == true)
    job.minutes = -1
    #expect(throws: EvaluationError.self) { try job.run(in: session) }
  }

  @Test("a run beside itself agrees in everything; runs of other data are refused")
  func runs() throws {
    let (one, other) = (try SmallRun(), try SmallRun())
    let result = try RunsComparisonJob(with: Session(other.run)).run(in: Session(one.run))
    let answer = result.answer
    try requireSame(answer)
    #expect(answer.spearman == 1 && answer.topOverlap == 1 && answer.signFlips == 0)
    #expect(answer.modelsForStable == 1 && answer.queries == 40 && !answer.agreed.isEmpty)
    #expect(try result.page.html().contains("say the same"))
    let yaml = other.scratch / "s.yaml"
    try String(contentsOfFile: yaml, encoding: .utf8)
      .replacingOccurrences(of: "fraction: 0.1", with: "fraction: 0.2")
      .replacingOccurrences(of: "name: s", with: "name: t")
      .write(toFile: yaml, atomically: true, encoding: .utf8)
    let third = try TrainJob(yaml, checkpointsFolder: other.scratch / "Checkpoints").run().run
    #expect(throws: EvaluationError.self) {
      try RunsComparisonJob(with: Session(third)).run(in: Session(one.run))
    }
  }
}
