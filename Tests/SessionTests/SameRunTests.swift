import Ascribe
import Foundation
import TestSupport
import Testing

@testable import Session

/// The run itself without some examples as the truth.
@Suite("Same-run truth", .serialized) struct SameRunTests {
  @Test("magic predicts what the very run does without some examples, other scores less")
  func judged() throws {
    let small = try SmallRun()
    let session = Session(small.run)
    let made = try RetrainJob(.sameRun(removed: 0.05, subsets: 12)).run(in: session)
    try requireSame(made)
    #expect(made.bank.hasSuffix("/same-run-0.05.h5") && made.design == "same-run")
    #expect((made.subsets, made.seeds) == (13, 1))
    // The first model is the run, to the bit; the others lack 10 of 199.
    let bank = try RetrainingBank(made.bank)
    let influence = try session.influence()
    #expect(
      bank.logits(subset: 0, seed: 0).elements
        == (try influence.predictions(for: influence.data.test).logits.elements))
    let kept: [Int] = (0..<13).map { bank.design.rows($0, of: 199).count }
    #expect(kept == [199] + Array(repeating: 189, count: 12))

    let scoring = ScoringRequest(method: .magic)
    var job = LDSJob(scoring: scoring)
    job.sameRun = SameRunRequest(removed: 0.05)
    let result = try job.run(in: session)
    try requireSame(result.answer)
    let answer = result.answer
    #expect(answer.removed == 10.0 / 199 && answer.spearman == answer.lds)
    #expect(answer.lds > 0.8)
    let (slope, smoothness) = (try #require(answer.slope), try #require(answer.smoothness))
    #expect(abs(slope - 1) < 0.25 && smoothness > 0.3 && smoothness <= 1)
    #expect(abs(answer.randomScores) < 0.25)
    #expect(try result.page.html().contains("this very run"))
    job.scoring = ScoringRequest(method: .graddot)
    #expect(try job.run(in: session).answer.lds < answer.lds)

    // Neither truth stands in for the other.
    #expect(throws: EvaluationError.self) {
      try LDSJob(bank: "same-run-0.05").run(in: session)
    }
    job.sameRun = SameRunRequest(removed: 0.01)
    #expect(throws: EvaluationError.self) { try job.run(in: session) }
    job.sameRun = SameRunRequest(removed: 0.05)
    job.fusedWith = "bank"
    #expect(throws: EvaluationError.self) { try job.run(in: session) }
    var more = RetrainJob(.sameRun())
    more.seeds = 2
    #expect(throws: EvaluationError.self) { try more.run(in: session) }
    #expect(throws: EvaluationError.self) {
      try RetrainJob(.sameRun(removed: 1)).run(in: session)
    }
  }

  @Test("what magic cannot do is said before work begins")
  func refusals() throws {
    let session = Session(try SmallRun.trained.get().run)
    for (request, layers) in [
      (ScoringRequest(method: .magic, kernel: .features), nil),
      (ScoringRequest(method: .magic, checkpoints: .epochs([1])), nil),
      (ScoringRequest(method: .magic), LayerPatterns(["0"])),
    ] as [(ScoringRequest, LayerPatterns?)] {
      #expect(throws: InfluenceError.self) {
        try ScoringSession(session, request, layers: layers)
      }
    }
    let scorer = try ScoringSession(session, ScoringRequest(method: .magic)).scorer
    #expect(throws: InfluenceError.self) { try scorer.selfInfluence() }
  }
}

@Suite("Parts of every step") struct InRunTests {
  @Test(
    "inrun is the plain sum over the steps, and adds up to what the training did to first order")
  func plainLoop() throws {
    let scratch = try ScratchFolder()
    try """
    0.1,0.5,a
    0.3,-0.2,b
    -0.4,0.1,a
    0.2,0.2,b
    0.6,-0.1,b
    -0.2,0.4,a
    """.write(toFile: scratch / "x.csv", atomically: true, encoding: .utf8)
    try """
    name: t
    data:
      train: {format: csv, path: x.csv, label: last, header: false}
      test:  {format: csv, path: x.csv, label: last, header: false}
    model: {kind: mlp, hidden: [3], activation: tanh}
    training: {rate: 0.001, batch: 4, epochs: 2, seed: 1}
    """.write(toFile: scratch / "t.yaml", atomically: true, encoding: .utf8)
    let run = try TrainJob(scratch / "t.yaml", checkpointsFolder: scratch / "Checkpoints").run().run
    let influence = try RunInfluence(run)
    let ensemble = try influence.ensemble(
      ScoringRequest(method: .inrun, outputFunction: .margin))
    let queries = influence.data.test.subset([0, 3])
    let scores = try ensemble.scores(queries)
    let replay = try Replay(run)
    let network = try run.network
    var plain = [[Double]](repeating: [Double](repeating: 0, count: 6), count: 2)
    try replay.forwards { state, batch in
      func gradient(_ data: Dataset, _ function: OutputFunction) throws -> [Double] {
        try network.gradientRows(data, state.parameters, function)
      }
      for query in 0..<2 {
        let asked = try gradient(queries.subset([query]), .margin)
        for row in batch.rows {
          let own = try gradient(influence.data.train.subset([row]), .loss)
          // ∇f of f = −ℓ: the loss falls along it.
          plain[query][row] +=
            batch.rate / Double(batch.rows.count) * zip(asked, own).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
    }
    for query in 0..<2 {
      for row in 0..<6 {
        #expect(abs(Double(scores[query, row]) - plain[query][row]) < 1e-6)
      }
    }
    func values(_ parameters: Tensor) throws -> [Float] {
      OutputFunction.margin.values(
        try network.outputs(queries.inputs, parameters: parameters), TargetValues(queries.targets))
    }
    let (start, end) = (
      try values(replay.state(at: 0).parameters),
      try values(replay.state(at: replay.steps).parameters)
    )
    for query in 0..<2 {
      let sum = (0..<6).reduce(0.0) { $0 + Double(scores[query, $1]) }
      #expect(abs(sum / Double(end[query] - start[query]) - 1) < 0.02)
    }
  }
}

extension Network {
  /// ∇f of one example, written out.
  fileprivate func gradientRows(
    _ data: Dataset, _ parameters: Tensor, _ function: OutputFunction
  ) throws -> [Double] {
    let targets = TargetValues(data.targets)
    let found = try gradient(data.inputs, parameters: parameters) {
      function.gradient($0, targets)
    }
    return found.parameters.elements.map { Double($0) }
  }
}
