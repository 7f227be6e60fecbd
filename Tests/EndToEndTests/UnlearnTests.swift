import Foundation
import Testing

/// Unlearning and weights by the program.
@Suite(.serialized) struct UnlearnTests {
  private let ids = ["unlearn", "r", "--ids", "0,3,7", "--retrained", "3"]

  @Test("every method is compared, the run is written; killed, the same bytes")
  func unlearns() throws {
    let work = try Workspace(trained: true)
    let answer = try work.object(
      "unlearn", "r", "--ids", "0,3,7", "--retrained", "3")
    #expect(answer["forgotten"] as? Int == 3 && answer["retrained"] as? Int == 3)
    let outcomes = try #require(answer["outcomes"] as? [[String: Any]])
    #expect(
      outcomes.map { $0["method"] as? String } == ["matching", "fine-tuning", "ascent", "salun"])
    let seeds = try #require(answer["twoSeeds"] as? [String: Double])
    #expect(Set(seeds.keys) == ["forgotten", "kept", "test"] && seeds.values.allSatisfy { $0 > 0 })
    #expect(answer["starts"] as? Int == 1)
    for outcome in outcomes {
      let distance = try #require(outcome["distance"] as? [String: Double])
      #expect(distance.values.allSatisfy { $0 >= 0 && $0.isFinite })
      #expect(
        ["unlearned", "failed", "indistinct"].contains(outcome["verdict"] as? String ?? ""))
    }
    // The run answers as other runs do, and has its own weights.
    try work.succeed("query", "r-unlearned", "--test", "1")
    try work.succeed("verify", "r-unlearned")
    let bytes = work.files("Checkpoints")
    #expect(bytes.keys.count { $0.contains("/unlearn-") } == 1)
    #expect(
      try work.object("unlearn", "r", "--ids", "0,3,7", "--retrained", "3") as NSDictionary
        == answer as NSDictionary)

    let other = try Workspace(trained: true)
    for pause in [30, 60, 90, 120, 150] as [UInt32] {
      let process = try AscribeProcess(ids, in: other.path)
      usleep(1000 * pause)
      process.send(SIGKILL)
      _ = process.wait()
    }
    #expect(try AscribeProcess(ids, in: other.path).wait().code == 0)
    #expect(other.files("Checkpoints") == bytes)
  }

  @Test("numbers are unlearned too, and without retrained networks nothing is claimed")
  func numbers() throws {
    let work = try Workspace()
    try work.write(
      Workspace.runFile(
        data: "task: regression", training: "{rate: 0.02, momentum: 0.9, epochs: 6, batch: 8}"),
      to: "r.yaml")
    try work.succeed("train", "r.yaml")
    let answer = try work.object(
      "unlearn", "r", "--ids", "5", "--retrained", "0", "--alone", "--name", "u", "--method",
      "salun")
    let outcome = try #require((answer["outcomes"] as? [[String: Any]])?.first)
    #expect(outcome["method"] as? String == "salun" && outcome["verdict"] == nil)
    #expect(answer["twoSeeds"] == nil && work.exists("Checkpoints/u/run.json"))
    let found = try work.object("unlearn", "r", "--ids", "5", "--retrained", "2")
    #expect((found["outcomes"] as? [[String: Any]])?.count == 4)
  }

  @Test("what cannot be unlearned is refused in a sentence")
  func refusals() throws {
    let work = try Workspace(trained: true)
    try work.fail(3, "unlearn", "r", "--ids", "99", words: ["99", "48"])
    try work.fail(2, "unlearn", "r", "--ids", "1,1", words: ["an example twice"])
    try work.fail(
      2, "unlearn", "r", "--ids", "1", "--retrained", "1",
      words: ["--retrained must be from 2 to 1000"])
    try work.fail(2, "unlearn", "r", "--ids", "1", "--name", "r", words: ["choose another name"])
    try work.write((0..<48).filter { $0 % 3 == 1 }.map { "\($0)" }.joined(separator: "\n"), to: "i")
    try work.fail(
      3, "unlearn", "r", "--ids", "@i", words: ["all 16 examples of the class 1"])
  }

  @Test("a training takes weights that were written, and weights that change are other data")
  func weights() throws {
    let work = try Workspace(trained: true)
    let answer = try work.object("weights", "r", "--method", "plausibility", "--out", "w.csv")
    #expect(answer["examples"] as? Int == 48)
    let effective = try #require(answer["effectiveExamples"] as? Double)
    #expect(effective > 24 && effective < 48)
    #expect(try work.text("w.csv").split(whereSeparator: \.isNewline).count == 49)
    for method in ["gradient-norm", "kl-dro", "self-influence"] {
      try work.succeed("weights", "r", "--method", method, "--strength", "0.5", "--out", "v.csv")
    }
    try work.succeed("weights", "r", "--method", "trusted", "--trusted", "1,2,3", "--out", "v.csv")
    try work.fail(
      2, "weights", "r", "--method", "trusted", "--out", "v.csv", words: ["none is named"])
    try work.fail(
      2, "weights", "r", "--method", "kl-dro", "--strength", "0", "--out", "v.csv",
      words: ["a strength of 0.0 is not above 0"])

    let training = "{rate: 0.1, momentum: 0.9, epochs: 6, batch: 8, weights: w.csv}"
    try work.write(Workspace.runFile(name: "w", training: training), to: "w.yaml")
    try work.succeed("train", "w.yaml")
    #expect(
      try work.object("outputs", "w")["examples"] as? NSArray
        != work.object("outputs", "r")["examples"] as? NSArray)
    let found = try work.succeed("query", "w", "--test", "1")
    #expect(found.errors.contains("the training examples have weights"))
    try work.succeed("retrain", "w", "--subsets", "2", "--seeds", "1")
    let text = try work.text("w.csv")
    let lines = text.split(whereSeparator: \.isNewline)
    try work.write(lines.dropLast().joined(separator: "\n"), to: "w.csv")
    try work.fail(3, "query", "w", "--test", "1", words: ["47 has no weight"])
    try work.write(
      (lines.dropLast() + ["47,9"]).joined(separator: "\n"), to: "w.csv")
    try work.fail(4, "query", "w", "--test", "1", words: ["train"])
    try work.write(
      Workspace.runFile(
        name: "x",
        training: String(training.dropLast())
          + ", save: {projector: landmarks, dimension: 8, at: checkpoints}}"),
      to: "x.yaml")
    try work.fail(3, "train", "x.yaml", words: ["`weights`"])
  }
}
