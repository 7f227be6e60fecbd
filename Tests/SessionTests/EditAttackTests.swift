import Ascribe
import Datasets
import Foundation
import TestSupport
import Testing

@testable import Session

/// What an edit says of a backdoor's attack.
@Suite("Attack of a backdoor") struct EditAttackTests {
  @Test(
    "the attack is the share of other labels that get the class most of them led to, before and after"
  )
  func share() throws {
    let small = try SmallRun()
    let session = try Session(small.run)
    // All test images, as if each were a 5: the run answers what they show.
    let path = small.scratch / "fives.csv"
    let rows = try String(contentsOfFile: small.scratch / "test.csv", encoding: .utf8)
      .split(separator: "\n")
    let fives = rows.dropFirst().map {
      $0.split(separator: ",").dropLast().joined(separator: ",") + ",5"
    }
    try ([String(rows[0])] + fives).joined(separator: "\n")
      .write(toFile: path, atomically: true, encoding: .utf8)
    var job = EditJob(target: .file(path))
    job.components.preset = .lean
    job.ablation = .zero
    (job.out, job.most) = (small.scratch / "e.json", 3)
    let answer = try job.run(in: session).answer
    let attack = try #require(answer.attack)

    let influence = try session.influence()
    let examples = try EditExamples(
      .file(path), field: "‹target›", of: session, influence, seed: job.components.seed)
    let led = try influence.predictions(for: examples.fit).predicted.filter { $0 != 5 }
    let counts = Dictionary(grouping: led) { $0 }.mapValues(\.count)
    let most = try #require(counts.values.max())
    #expect(counts[try #require(Int32(attack.class))] == most)

    func rate(_ predicted: [some CustomStringConvertible]) -> Double {
      Double(predicted.count { "\($0)" == attack.class }) / Double(predicted.count)
    }
    #expect(attack.before == rate(try influence.predictions(for: examples.report).predicted))
    // The file's rows are the test set's, which `outputs` answers without the same parts.
    var outputs = OutputsJob()
    outputs.edit = small.scratch / "e.json"
    let edited = try outputs.run(in: session).examples
    let reported = try examples.report.ids.map { id in
      try #require(edited.first { "\($0.id)" == "\(id)" }?.predicted?.text)
    }
    #expect(attack.after == rate(reported))
    #expect(attack.before > 0 && !answer.removed.isEmpty)
    #expect(answer.text.contains("attack: answered \(attack.class)"))
    try requireSame(answer)

    // A share of right answers is of margins alone.
    job.components.function = .loss
    #expect(try job.run(in: session).answer.attack == nil)
    (job.components.function, job.purpose) = (nil, .fix)
    #expect(try job.run(in: session).answer.attack == nil)
  }
}
