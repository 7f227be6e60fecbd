import Ascribe
import Foundation
import TestSupport
import Testing

@testable import Session

/// Evaluations and the banks behind them, called from Swift.
@Suite("Evaluations as values", .serialized) struct EvaluationTests {
  private func session(_ control: JobControl = .silent) throws -> Session {
    Session(try SmallRun.evaluated.get().run, control: control)
  }

  /// Expects the answer to be a value, and its page to have so many more charts than the answer alone.
  private func check<A>(_ result: Evaluated<A>, charts: Int, ofQueries: Int) throws {
    try requireSame(result.answer)
    func count(_ page: AttributionReport) throws -> Int {
      try page.html().components(separatedBy: "<svg").count - 1
    }
    #expect(try count(result.page) == charts)
    #expect(try count(result.answer.page) == charts - ofQueries)
    #expect(result.page.provenance == result.answer.page.provenance)
  }

  @Test("a random bank answers lds, randomized and calibrate")
  func random() throws {
    let session = try session()
    var job = RetrainJob(.random(subsets: 10))
    job.seeds = 2
    let bank = try job.run(in: session)
    try requireSame(bank)
    #expect(bank.bank.hasSuffix("/Checkpoints/s/bank.h5") && bank.design == "random")
    #expect((bank.subsets, bank.seeds, bank.fraction) == (10, 2, 0.5))
    let lds = try LDSJob().run(in: session)
    try check(lds, charts: 1, ofQueries: 1)
    #expect(lds.answer.settings.bank == bank.bank && lds.answer.fusion == nil)
    let randomized = try RandomizedJob().run(in: session)
    try check(randomized, charts: 1, ofQueries: 1)
    #expect(randomized.answer.lds == lds.answer.lds)
    #expect(randomized.answer.controls.map(\.control) == NegativeControl.allCases)
    // The same random scores against the same truth.
    #expect(randomized.answer.controls[0].lds == lds.answer.randomScores)
    try requireSame(try CalibrateJob().run(in: session))
    job.bank = "other"
    job.subsetSeed = 1
    _ = try job.run(in: session)
    var fused = LDSJob()
    fused.fusedWith = "other"
    let answer = try fused.run(in: session)
    try check(answer, charts: 1, ofQueries: 1)
    #expect(answer.answer.fusion?.bank == "other" && answer.answer.settings.method == "fused")
  }

  @Test("a bank without single examples answers loo")
  func leaveOneOut() throws {
    let session = try session()
    var job = RetrainJob(.leaveOneOut(ids: "17,3"))
    job.seeds = 2
    #expect(try job.run(in: session).subsets == 3)
    let answer = try LeaveOneOutJob().run(in: session)
    try check(answer, charts: 1, ofQueries: 1)
    #expect(answer.answer.leftOut == ["3", "17"].map { ExampleID($0) })
    job.design = .leaveOneOutSample(count: 2)
    job.bank = "sampled"
    #expect(try job.run(in: session).subsets == 3)
  }

  @Test("a bank of removals answers removal; all of its page is in the answer")
  func removal() throws {
    let session = try session()
    var request = RemovalRequest()
    (request.fractions, request.draws, request.test) = ([0.1, 0.3], 1, "3,17")
    var job = RetrainJob(.removal(request))
    job.seeds = 2
    #expect(try job.run(in: session).subsets == 1 + 2 * 3)
    let result = try RemovalJob().run(in: session)
    try check(result, charts: 2, ofQueries: 0)
    #expect(result.answer.queries == "test 3 17" && result.answer.accuracy != nil)
    #expect(throws: InfluenceError.self) {
      try RemovalJob(outputFunction: .prediction).run(in: session)
    }
  }

  @Test("brittleness trains and answers; the signals of mislabel are held against planted errors")
  func others() throws {
    let session = try session()
    var job = BrittlenessJob()
    (job.count, job.removals, job.models, job.draws) = (2, [50, 10, 50], 1, 1)
    let brittle = try job.run(in: session)
    try check(brittle, charts: 1, ofQueries: 0)
    #expect(brittle.answer.steps.map(\.removed) == [10, 50] && brittle.answer.queries.count == 2)
    let mislabel = try MislabelEvaluationJob().run(in: session)
    try check(mislabel, charts: 1, ofQueries: 1)
    let flipped = try session.influence().data.train.flipped
    #expect(mislabel.answer.planted == flipped.count { $0 })
    #expect(mislabel.answer.trainingExamples == 199)
    #expect(
      mislabel.answer.signals.map(\.signal)
        == MislabelRanking.Signal.allCases.map(\.rawValue) + ["randomScores"])
  }

  @Test("stopped, a retraining says that it goes on, keeps what is done, and goes on")
  func stopped() throws {
    let stop = Flag()
    let control = JobControl(
      progress: { if $0.done >= 1 { stop.raise() } }, isCancelled: { stop.isRaised })
    var job = RetrainJob(.random(subsets: 40))
    (job.seeds, job.bank) = (1, "stopped")
    let open = try session()
    #expect(throws: JobCancelled(isResumable: true)) {
      try job.run(in: try session(control))
    }
    let path = RetrainingJob.path(open.run, bank: "stopped")
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(FileManager.default.fileExists(atPath: path + ".parts"))
    let notes = NoteList()
    let answer = try job.run(in: try session(JobControl(note: { notes.add($0) })))
    #expect(notes.all == [answer.text])
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    job.bank = "straight"
    _ = try job.run(in: open)
    let straight = RetrainingJob.path(open.run, bank: "straight")
    #expect(try Data(contentsOf: URL(fileURLWithPath: straight)) == whole)
  }

  @Test("requests that no run has a use for name the field")
  func refusals() throws {
    let session = try session()
    func refused(
      _ location: String, _ words: String, _ body: () throws -> Void,
      at place: SourceLocation = #_sourceLocation
    ) {
      let error = #expect(throws: EvaluationError.self, sourceLocation: place) { try body() }
      #expect(error?.location == location, sourceLocation: place)
      #expect(error?.what.contains(words) == true, "\(words)", sourceLocation: place)
      #expect(error?.exitCode == 2, sourceLocation: place)
    }
    refused("‹bank›", "not '../x'") { _ = try LDSJob(bank: "../x").run(in: session) }
    refused("‹seeds›", "from 1 to 1000, not 0") {
      var job = RetrainJob()
      job.seeds = 0
      _ = try job.run(in: session)
    }
    refused("‹ids›", "names an example twice") {
      _ = try RetrainJob(.leaveOneOut(ids: "3,3")).run(in: session)
    }
    refused("‹ids›", "names no example") {
      _ = try RetrainJob(.leaveOneOut(ids: ",,")).run(in: session)
    }
    refused("‹draws›", "from 1 to 100, not 101") {
      var request = RemovalRequest()
      request.draws = 101
      _ = try RetrainJob(.removal(request)).run(in: session)
    }
    refused("‹fractions›", "names none") {
      var request = RemovalRequest()
      request.fractions = []
      _ = try RetrainJob(.removal(request)).run(in: session)
    }
    refused("‹removals›", "from 1 to 198, not 4,199") {
      var job = BrittlenessJob()
      (job.test, job.removals) = ("3", [4, 199])
      _ = try job.run(in: session)
    }
    refused("‹models›", "from 1 to 1000, not -1") {
      var job = BrittlenessJob()
      job.models = -1
      _ = try job.run(in: session)
    }
  }

  @Test("the standard sizes of removal are 1, 2, 5, 10 and 20 %, each once and below n")
  func sizes() throws {
    let job = BrittlenessJob()
    #expect(try job.sizes(of: 1_000) == [10, 20, 50, 100, 200])
    #expect(try job.sizes(of: 10) == [1, 2])
    #expect(try job.sizes(of: 1) == [])
  }

  @Test("over the budget, what there is room for is said")
  func budget() throws {
    var job = BrittlenessJob()
    (job.test, job.removals, job.models, job.draws) = ("3,5,17", [4, 20], 2, 1)
    // 3 × 2 × 2 of their own and (1 + 1 × 2) × 2 shared.
    job.budget = 17
    let some = #expect(throws: EvaluationError.self) { try job.run(in: try session()) }
    #expect(some?.what.contains("are 18, more than the budget of 17") == true)
    #expect(some?.remedy == "ask about 2 queries, or raise ‹budget›")
    job.budget = 9
    let none = #expect(throws: EvaluationError.self) { try job.run(in: try session()) }
    #expect(none?.remedy == "raise ‹budget› to 18")
  }
}

/// Raised once, from any thread.
private final class Flag: @unchecked Sendable {
  private let lock = NSLock()
  private var raised = false

  func raise() { lock.withLock { raised = true } }
  var isRaised: Bool { lock.withLock { raised } }
}
