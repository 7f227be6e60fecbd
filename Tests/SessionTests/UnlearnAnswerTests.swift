import Ascribe
import TestSupport
import Testing

@Suite("Unlearning from a library")
struct UnlearnAnswerTests {
  @Test("what is answered reads back, and the run is there")
  func answers() throws {
    let small = try SmallRun()
    var job = UnlearnJob(ids: "3,17,40")
    (job.retrained, job.epochs, job.name) = (2, 2, "u")
    job.checkpointsFolder = small.scratch / "Checkpoints"
    let answer = try job.run(in: Session(small.run))
    try requireSame(answer)
    #expect(answer.outcomes.first?.method == .matching && answer.starts == 1)
    #expect(answer.text.contains("u: ") && answer.text.contains("of two seeds"))
    #expect(try Run.open("u", checkpointsFolder: small.scratch / "Checkpoints").seeds == [0])

    let weights = try WeightsJob(.plausibility, out: small.scratch / "w.csv")
      .run(in: Session(small.run))
    try requireSame(weights)
    #expect(weights.examples == 199 && weights.effectiveExamples < 199)
  }
}
